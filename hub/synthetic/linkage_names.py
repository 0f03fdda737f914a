"""Names of the people of the linkage sets, by origin: common given and family names, the most common first.

Source: names that everybody knows to be common among people of these origins in the United States, put down from general
knowledge (unverified: from memory), no list copied. A name is drawn the more often the earlier it stands; part of the people get
a rarer family name made of two syllable groups (`tail`), so that a common name says less than a rare one, as in life.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

__all__ = ["STOCK", "Stock", "draw_family", "draw_given"]

_FLATTER = 5  # the n-th name weighs 1/(n + this): Zipf's law, flattened at its head


class Stock(NamedTuple):
    """Names of one origin. `tail`: the share of people whose family name is a made one of `heads` and `ends`."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]
    two_surnames: bool = False
    tail: float = 0.0
    heads: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


def draw_given(origin: str, sex: str, rng: Random) -> str:
    """A given name of an origin for a sex, F or M."""
    stock = STOCK[origin]
    return _draw(stock.female if sex == "F" else stock.male, rng)


def draw_family(origin: str, rng: Random) -> str:
    """One family name: a common one, or a rarer made one."""
    stock = STOCK[origin]
    if stock.heads and rng.random() < stock.tail:
        return rng.choice(stock.heads) + rng.choice(stock.ends)
    return _draw(stock.family, rng)


def _draw(names: tuple[str, ...], rng: Random) -> str:
    return rng.choices(names, [1 / (rank + _FLATTER) for rank in range(1, len(names) + 1)])[0]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STOCK: dict[str, Stock] = {
    "english": Stock(
        _words(
            "Mary Jennifer Linda Patricia Elizabeth Jessica Barbara Susan Sarah Ashley Emily Karen Amanda Lisa Nancy Melissa "
            "Michelle Sandra Kimberly Rebecca Stephanie Laura Donna Carol Samantha Emma Olivia Hannah Madison Abigail Margaret "
            "Katherine Christine Rachel Heather Megan Nicole Amy Angela Brenda Pamela Deborah Cynthia Kathleen Teresa Victoria "
            "Julie Martha Judith Cheryl Frances Alice Joyce Diane Natalie Grace Chloe Sophia Isabella Ava"
        ),
        _words(
            "James John Robert Michael William David Richard Joseph Thomas Christopher Daniel Matthew Anthony Mark Steven Andrew "
            "Joshua Kevin Brian Timothy Jeffrey Ryan Jacob Nicholas Eric Jonathan Stephen Justin Scott Brandon Benjamin Samuel "
            "Gregory Alexander Patrick Jack Dennis Tyler Aaron Jose Adam Nathan Zachary Douglas Henry Peter Kyle Ethan Walter "
            "Noah Jeremy Christian Keith Roger Gerald Lawrence Edward Charles Kenneth Ronald Donald George Paul Raymond Liam"
        ),
        _words(
            "Smith Johnson Miller Brown Jones Davis Wilson Anderson Taylor Moore Martin Thompson White Clark Lewis Walker Hall "
            "Young Allen King Wright Hill Scott Green Adams Baker Nelson Campbell Mitchell Roberts Carter Phillips Evans Turner "
            "Parker Collins Edwards Stewart Morris Rogers Reed Cook Morgan Bell Murphy Bailey Cooper Richardson Cox Howard Ward "
            "Peterson Gray Watson Kelly Sanders Price Bennett Wood Barnes Ross Henderson Long Foster Powell Patterson Hughes"
        ),
        tail=0.55,
        heads=_words(
            "Ash Black Brad Brook Burn Cald Clay Cross Dun East Fair Farn Gold Hal Hart Hay Hol Kirk Lang Led Marl Nor Oak Pem "
            "Rad Ray Red Rich Rock Sand Shel Stan Stock Sut Thorn Under Wake Wal Wes Whit Win Wol Wood Wy Els Brom Crom Chad"
        ),
        ends=_words(
            "ford ton ley wood field ham by worth well bridge son man burn stone croft ridge berry wick land combe gate shaw "
            "more cott hurst brook mond"
        ),
    ),
    "african-american": Stock(
        _words(
            "Ashley Brittany Jasmine Latoya Keisha Tiffany Ebony Kiara Aaliyah Imani Shanice Tamika Monique Destiny Kayla "
            "Tanisha Nia Raven Alexis Precious Denise Yolanda Brianna Angela Dominique Patricia Sharon Gloria Dorothy Ruth "
            "Lakisha Shanique"
        ),
        _words(
            "Michael James Darnell Jamal Tyrone Marcus Terrence DeShawn Malik Andre Xavier Isaiah Elijah Jermaine Reginald "
            "Curtis Maurice Anthony Antoine Darius Demetrius Willie Cedric Dwayne Lamar Kendrick Jalen Tyrell Devin Trevon "
            "Clarence Leroy"
        ),
        _words(
            "Williams Johnson Smith Jones Brown Jackson Davis Thomas Harris Robinson Washington Walker Jefferson Banks Booker "
            "Coleman Jenkins Simmons Butler Henry Franklin Bryant Grant Charles Joseph Alexander Wallace Gaines Dixon Hunter "
            "Hayes Boyd Mosley Glover Singleton Freeman Randolph Gibbs"
        ),
        tail=0.35,
        heads=_words(
            "Beck Broad Clai Dand Gads Hair Love May Pett Pink Poin Satter Strick Toll Vaugh Whit Win Yan Mc Bald Ever Ham"
        ),
        ends=_words("ford nax borne ridge den ston lace field way ney dexter white land iver lock ter cey ett ins mon"),
    ),
    "latin": Stock(
        _words(
            "Maria Guadalupe Rosa Ana Carmen Juana Sofia Isabella Alejandra Gabriela Daniela Veronica Adriana Leticia Yolanda "
            "Silvia Martha Patricia Lourdes Esperanza Xiomara Yesenia Marisol Elena Luz Rocío Mónica Inés Belén Itzel Valeria "
            "Camila"
        ),
        _words(
            "José Juan Luis Carlos Jesús Miguel Francisco Jorge Antonio Alejandro Manuel Pedro Ricardo Eduardo Javier Roberto "
            "Fernando Rafael Diego Andrés Sergio Raúl Ramón Héctor Óscar Víctor Joaquín Ángel Mateo Santiago Guillermo Enrique"
        ),
        _words(
            "García Rodríguez Martínez Hernández López González Pérez Sánchez Ramírez Torres Flores Rivera Gómez Díaz Cruz "
            "Reyes Morales Gutiérrez Ortiz Chávez Ramos Ruiz Mendoza Álvarez Castillo Jiménez Vásquez Romero Moreno Herrera "
            "Medina Aguilar Vargas Guzmán Méndez Muñoz Salazar Soto Garza Delgado Peña Ríos Núñez Cabrera Vega Domínguez "
            "Castañeda Fuentes Acosta Zúñiga Ibarra Quiñones Villalobos Barrera Escobedo Orozco"
        ),
        two_surnames=True,
        tail=0.15,
        heads=_words("Vill Mont Cast Alv Bar Cor Esp Gal Lar Mal Pal Sal Tor Val Zar"),
        ends=_words("aseñor emayor ellón arado ragán dero inoza indo razábal donado omino daña reón enzuela agoza"),
    ),
    "chinese": Stock(
        _words("Wei Mei Ling Xiaoyan Hui Jing Li Yan Xiu Lan Fang Na Juan Min Ying Yu Shu Qiong Hong Meiling Xia Rong"),
        _words("Wei Ming Jian Jun Hao Qiang Lei Yong Chao Bin Feng Hua Guoqiang Zhiyong Xiaoming Dawei Gang Peng Kai Zhen Tao"),
        _words(
            "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Tang Deng "
            "Feng"
        ),
    ),
    "vietnamese": Stock(
        _words("Lan Hương Mai Linh Thảo Phương Thu Hoa Ngọc Kim Trang Hạnh Thúy Yến Bích Hồng Tuyết Loan Nga My"),
        _words("Minh Hùng Dũng Tuấn Anh Đức Long Nam Quang Hải Sơn Thành Phong Bình Khánh Tâm Duy Vinh Huy Thiện"),
        _words("Nguyễn Trần Lê Phạm Huỳnh Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trương"),
    ),
    "korean": Stock(
        _words("Ji-Young Min-Jung Soo-Jin Hye-Jin Eun-Ji Sun-Hee Mi-Kyung Young-Hee Kyung-Ja Jung-Hee Yoon-Seo Ha-Eun"),
        _words("Min-Ho Young-Ho Sung-Min Ji-Hoon Jae-Hyun Dong-Hyun Sang-Woo Hyun-Woo Jung-Hoon Seung-Ho Kyung-Soo Jin-Woo"),
        _words("Kim Lee Park Choi Jung Kang Cho Yoon Chang Lim Han Shin Seo Kwon Hwang Ahn Song Yoo Hong"),
    ),
    "south-asian": Stock(
        _words(
            "Priya Sunita Anjali Lakshmi Pooja Deepa Kavita Meena Neha Rekha Geeta Harpreet Fatima Ayesha Nasreen Shanti "
            "Asha Divya"
        ),
        _words(
            "Raj Amit Sanjay Vijay Rahul Anil Suresh Ramesh Arjun Ravi Mohammed Harpreet Gurpreet Imran Abdul Krishna "
            "Deepak Manoj"
        ),
        _words(
            "Patel Singh Kumar Shah Sharma Khan Gupta Ahmed Kaur Reddy Rao Desai Mehta Joshi Das Ali Hussain Chowdhury Nair Iyer "
            "Verma Malhotra Banerjee Mukherjee"
        ),
    ),
    "arabic": Stock(
        _words("Fatima Aisha Mariam Zainab Khadija Layla Noor Amina Sara Hana Salma Rania Huda Yasmin Nadia Samira Abeer Rasha"),
        _words(
            "Mohammed Ahmed Ali Omar Hassan Hussein Ibrahim Khalid Yousef Mahmoud Mustafa Abdullah Karim Tariq Samir Bilal "
            "Nasser"
        ),
        _words(
            "Ahmed Ali Hassan Hussein Mohamed Ibrahim Khalil Saleh Haddad Nasser Mansour Hamdan Al-Masri El-Sayed Khoury "
            "Najjar Aziz"
        ),
    ),
    "east-african": Stock(
        _words("Fatuma Halima Amina Hodan Khadra Sahra Almaz Tigist Selam Abeba Hirut Zahra Asha Hawa Ayan Ifrah Genet Meron"),
        _words(
            "Mohamed Abdi Ahmed Hassan Ali Yusuf Omar Abdullahi Ibrahim Dawit Tesfaye Bekele Yonas Girma Solomon Haile "
            "Mulugeta Farah"
        ),
        _words(
            "Mohamed Ali Hassan Abdi Ahmed Yusuf Farah Omar Warsame Hussein Osman Jama Tesfaye Bekele Haile Tadesse Gebre Alemu "
            "Kebede Abebe Negash Woldemariam"
        ),
    ),
    "haitian": Stock(
        _words("Marie Rose Nadège Mirlande Guerda Fabiola Darline Roseline Widline Lovelie Yvrose Carline Judeline Ketly"),
        _words("Jean Pierre Wilner Frantz Jacques Emmanuel Évens Josué Mackenson Dieudonné Reginald Stanley Ricardo Fritz"),
        _words(
            "Jean Pierre Joseph Louis Charles François Baptiste Michel Étienne Augustin Dorval Célestin Desir Jeudy Saint- "
            "Louis Toussaint"
        ),
    ),
    "slavic": Stock(
        _words(
            "Olga Natalia Elena Svetlana Irina Tatiana Anna Ekaterina Maria Oksana Yulia Galina Ludmila Agnieszka Katarzyna "
            "Zofia"
        ),
        _words(
            "Alexander Sergei Dmitri Andrei Vladimir Ivan Mikhail Yuri Nikolai Oleksandr Viktor Piotr Krzysztof Tomasz Igor "
            "Pavel"
        ),
        _words(
            "Ivanov Petrov Kuznetsov Popov Smirnov Volkov Kovalenko Shevchenko Bondarenko Melnyk Nowak Kowalski Wiśniewski "
            "Wójcik Lewandowski"
        ),
    ),
    "native": Stock(
        _words("Mary Winona Kateri Dakota Sharon Cheyenne Marlene Tallulah Rose Ramona Alberta Darlene Bernice Aiyana"),
        _words("Joseph Leonard Raymond Dakota Wilson Norman Delbert Elmer Herman Virgil Emerson Kee Chester Alvin"),
        _words(
            "Begay Yazzie Benally Tsosie Nez Chee Begaye Locklear Oxendine Chavis Hunt Bird Redfeather Whitehorse Manygoats "
            "Tallchief"
        ),
    ),
    "pacific": Stock(
        _words("Malia Leilani Sina Losa Mele Ana Teuila Noelani Pua Lani Sela Salote Moana Kalani"),
        _words("Sione Viliami Tavita Kaleo Keoni Semisi Ioane Tevita Makoa Sefo Fetu Peni Mikaele Kai"),
        _words("Kealoha Kahananui Akana Tuiasosopo Faleolo Taufa Fonoti Mahe Vea Fifita Tupou Tuala Leota Kamaka"),
    ),
}  # fmt: skip

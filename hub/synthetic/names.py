"""Name lists of the made-up county, by origin: only letters whose accents decompose, so that any system may drop them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ORIGINS", "Origin"]


class Origin(NamedTuple):
    """Names that go together. `two_surnames`: the family name is two of the list, in the Iberian way."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]
    two_surnames: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ORIGINS: dict[str, Origin] = {
    "english": Origin(
        _words(
            "Abigail Amelia Beatrice Blythe Carol Clara Dorothy Edith Eleanor Faye Georgia Hazel Imogen Joan "
            "Josephine Lavinia Mabel Margaret Nora Olive Penelope Ruth Sylvia Tabitha Ursula Violet Wilma "
            "Winifred"
        ),
        _words(
            "Albert Arthur Barnaby Calvin Clifford Dexter Edmund Ernest Felix Gilbert Harvey Hugh Jasper Kenneth "
            "Leonard Milo Nathaniel Oscar Percival Quentin Rupert Silas Theodore Vernon Walter Wendell"
        ),
        _words(
            "Abernathy Ackerley Appleyard Ashdown Barrowclough Birdwhistle Blackwood Brambley Briarley "
            "Cartwright Cloverfield Copperfield Crowther Dunmore Fairweather Farnsworth Featherstone Fenwick "
            "Fielding Garside Greenhalgh Hargreave Hathersage Hollowell Ironside Kettlewell Larkspur Longstaff "
            "Marlowe Merriweather Netherby Oakenshaw Pemberton Quarrington Ravenscroft Saltmarsh Shufflebotham "
            "Stonebridge Thistlewood Tunnicliffe Underhill Wetherby Whitcombe Winterbourne Yarborough O'Dell "
            "McAllister MacBride"
        ),
    ),
    "german": Origin(
        _words("Anneliese Brünhilde Dörte Elfriede Frauke Gisela Heidi Käthe Liesel Mechthild Renate Ulrike"),
        _words("Bärnd Dieter Eckhard Friedrich Günther Heinz Jürgen Konrad Lüder Manfred Rüdiger Volker"),
        _words(
            "Ackermann Bäcker Böhmer Dürr Eichhorn Fröhlich Grünwald Hübner Köhler Lindemann Möller Müllner "
            "Pfänder Rösler Schönfeld Vögele Zöllner"
        ),
    ),
    "polish": Origin(
        _words("Agnieszka Bogna Danuta Grażyna Halina Jadwiga Kinga Renata Urszula Zofia"),
        _words("Bogdan Czesiek Dariusz Grzegorz Henryk Janusz Kazimierz Marek Tadeusz Wojtek"),
        _words(
            "Adamczyk Borówka Dębska Gajos Jaskóra Kamińska Kwiatek Lewandowicz Nowicka Pawlak Sikora Wójcik "
            "Zając Zielińska"
        ),
    ),
    "african-american": Origin(
        _words(
            "Aaliyah Alondra Bernadette Charlene Deja Ebony Imani Jamila Keisha Latonya Monique Nia Octavia "
            "Precious Roslyn Shanice Tamika Vashti Yolanda Zora"
        ),
        _words(
            "Andre Cedric Darnell Demetrius Elijah Jamal Jermaine Kendrick Lamar Langston Malik Marquis Otis "
            "Percy Reginald Roosevelt Terrence Tyrone Xavier Zeke"
        ),
        _words(
            "Ambrose Baldwin Banks Battle Beckford Booker Broadnax Bullock Claiborne Dandridge Easterling "
            "Gadsden Gaither Hairston Ivory Lovelace Mayfield Pettway Pinkney Poindexter Rainey Satterwhite "
            "Strickland Tolliver Vaughn Whitlock Winfrey Yancey"
        ),
    ),
    "latin": Origin(
        _words(
            "Adriana Alejandra Belén Catalina Concepción Esperanza Graciela Inés Itzel Jimena Lourdes Marisol "
            "Mónica Noemí Pilar Rocío Soledad Úrsula Verónica Xóchitl Yesenia"
        ),
        _words(
            "Agustín Álvaro Benjamín Cristóbal Efraín Esteban Fermín Hernán Ignacio Joaquín Lázaro Martín Moisés "
            "Néstor Óscar Raúl Rogelio Sebastián Tomás Ulises Víctor"
        ),
        _words(
            "Águila Arriaga Barragán Bermúdez Cárdenas Cervantes Dávila Echeverría Fuentes Galván Hinojosa "
            "Ibáñez Jáuregui Lozano Madrigal Montaño Muñiz Núñez Ocaña Peñaloza Quiñones Ríos Saldívar Tejeda "
            "Urrutia Valdés Villaseñor Yáñez Zepeda Zúñiga"
        ),
        two_surnames=True,
    ),
    "vietnamese": Origin(
        _words("Ánh Bích Cúc Hạnh Hồng Hương Lan Mai Ngọc Nhung Phượng Thảo Thúy Tuyết Yến"),
        _words("An Bình Cường Dũng Hải Hiếu Hùng Khánh Long Minh Nghĩa Phong Quân Sơn Tuấn"),
        _words("Bùi Châu Dương Hoàng Huỳnh Lâm Lê Lương Ngô Nguyễn Phạm Phan Tạ Trần Trịnh Võ Vũ"),
    ),
    "chinese": Origin(
        _words(
            "Aihua Baozhai Chunhua Fenfang Huilan Jiayi Lanying Meiling Qiuyue Ruolan Shuchun Xiaolian Yulan Zhenzhen"
        ),
        _words(
            "Bowen Changming Dawei Guoliang Haoran Jianguo Kaiwen Liwei Mingzhe Peng Rongkai Shihong Weisheng Zihan"
        ),
        _words("Bai Cao Chen Deng Fang Guo Huang Jiang Kong Liang Meng Ouyang Peng Qian Shen Tang Wei Xiong Yuan Zhou"),
    ),
    "south-asian": Origin(
        _words(
            "Aishwarya Bhavana Deepika Gayatri Harpreet Indira Kavita Lakshmi Meenakshi Nandini Padma Radha "
            "Sunita Vaishali"
        ),
        _words(
            "Anand Balwinder Chandra Devendra Gopal Harish Jagdish Kiran Mohan Naveen Pradeep Rajesh Surinder Vikram"
        ),
        _words(
            "Acharya Bhattacharya Chaudhary Deshmukh Gokhale Iyengar Jayaraman Krishnan Mahajan Nambiar Pillai "
            "Rangan Sandhu Trivedi Venkataraman"
        ),
    ),
    "haitian": Origin(
        _words("Bénédicte Clémence Darline Élodie Fabiola Guerda Jésula Lovelie Mirlande Naïka Roseline Widline"),
        _words("Apolon Dieudonné Évens Frantz Gédéon Jacquelin Josué Léonel Mackenson Réginald Sylvain Wilner"),
        _words(
            "Antenor Baptisté Célestin Désir Estimé Félicien Géricault Hyppolite Jeudy Larochelle Mésidor "
            "Noëlsaint Pétion Théodore Valcin"
        ),
    ),
    "east-african": Origin(
        _words("Abeba Almaz Birtukan Fatuma Genet Hirut Khadra Lemlem Mulu Saba Selam Tigist Zahra"),
        _words("Abdi Bekele Dawit Ermias Girma Hassan Kebede Mengistu Omar Solomon Tesfaye Yonas Zerihun"),
        _words(
            "Abebe Alemu Asfaw Ayalew Berhe Demissie Farah Gebremedhin Haile Mohamud Negash Tadesse Warsame Woldemariam"
        ),
    ),
    "native": Origin(
        _words("Aiyana Bluebird Dyani Kateri Leotie Mahala Nayeli Orenda Tallulah Winona"),
        _words("Ahanu Chayton Dakotah Enapay Hototo Kele Mahkah Nantan Tokala Wahya"),
        _words(
            "Birdsong Blackhorse Cornsilk Elkhorn Fourkiller Ironcloud Littledeer Manygoats Redfeather "
            "Standingbear Tallchief Yellowhair"
        ),
    ),
    "pacific": Origin(
        _words("Alofa Ku'uipo Leilani Losa Malia Noelani Pua Sina Teuila Vailea"),
        _words("Afa Fetu Ikaika Kaleo Makoa Natano Sefo Tavita Tui Viliami"),
        _words("Akana Faleolo Fonoti Kahananui Kealoha Lealaitafea Manu Pulotu Taufa Tuiasosopo"),
    ),
}

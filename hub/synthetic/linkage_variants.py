"""How one name comes to be written in several ways: short names, and spellings of names that come from other scripts.

Source: general knowledge (unverified: from memory). The groups here are the generator's own; the hub's table of nicknames is
another one, written apart from this, so that the hub meets forms that it does not know.
"""

from __future__ import annotations

import unicodedata
from random import Random

__all__ = ["plain", "short_name", "transliterated"]

_SHORT: dict[str, tuple[str, ...]] = {
    "abigail": ("Abby", "Gail"), "abdullahi": ("Abdi",), "alejandro": ("Alex", "Jandro"), "alejandra": ("Ale", "Alex"),
    "alexander": ("Alex", "Sandy", "Xander"), "amanda": ("Mandy",), "andrew": ("Andy", "Drew"), "angela": ("Angie",),
    "anthony": ("Tony",), "antonio": ("Toño", "Tony"), "barbara": ("Barb", "Babs"), "benjamin": ("Ben", "Benny"),
    "brandon": ("Bran",), "catherine": ("Cathy", "Kate"), "charles": ("Charlie", "Chuck"), "christine": ("Chris", "Tina"),
    "christopher": ("Chris", "Kit", "Topher"), "cynthia": ("Cindy",), "daniel": ("Dan", "Danny"), "david": ("Dave",),
    "deborah": ("Deb", "Debbie"), "dennis": ("Denny",), "donald": ("Don", "Donnie"), "dorothy": ("Dot", "Dottie"),
    "douglas": ("Doug",), "eduardo": ("Lalo", "Eddie"), "edward": ("Ed", "Eddie", "Ted"), "ekaterina": ("Katya",),
    "elizabeth": ("Liz", "Beth", "Betty", "Eliza"), "enrique": ("Quique",), "fernando": ("Nando",), "frances": ("Fran",),
    "francisco": ("Paco", "Pancho", "Frank"), "gabriela": ("Gaby",), "gerald": ("Jerry",), "gregory": ("Greg",),
    "guadalupe": ("Lupe", "Lupita"), "guillermo": ("Memo", "Willy"), "hector": ("Tito",), "henry": ("Hank", "Harry"),
    "isabella": ("Bella", "Izzy"), "jacob": ("Jake",), "james": ("Jim", "Jimmy", "Jamie"), "jeffrey": ("Jeff",),
    "jennifer": ("Jen", "Jenny"), "jessica": ("Jess", "Jessie"), "jesus": ("Chuy",), "john": ("Johnny", "Jack"),
    "jonathan": ("Jon", "Jonny"), "jose": ("Pepe", "Joe"), "joseph": ("Joe", "Joey"), "joshua": ("Josh",),
    "katherine": ("Kathy", "Kate", "Katie", "Kat"), "kathleen": ("Kathy", "Katie"), "kenneth": ("Ken", "Kenny"),
    "kimberly": ("Kim",), "lawrence": ("Larry",), "leonard": ("Len", "Lenny"), "luis": ("Lucho",), "manuel": ("Manny", "Manolo"),
    "margaret": ("Maggie", "Meg", "Peggy", "Marge"), "martha": ("Marty",), "matthew": ("Matt",), "megan": ("Meg",),
    "melissa": ("Missy", "Mel"), "michael": ("Mike", "Mick", "Mikey"), "michelle": ("Shelly",), "miguel": ("Mike",),
    "mohammed": ("Mo",), "nancy": ("Nan",), "nathan": ("Nate",), "nicholas": ("Nick",), "nicole": ("Nicki",),
    "pamela": ("Pam",), "patricia": ("Pat", "Patty", "Trish"), "patrick": ("Pat", "Paddy"), "pedro": ("Pete",),
    "peter": ("Pete",), "rafael": ("Rafa", "Ralph"), "raymond": ("Ray",), "rebecca": ("Becky", "Becca"),
    "reginald": ("Reggie",), "ricardo": ("Rick", "Ricky"), "richard": ("Rick", "Dick", "Rich", "Richie"),
    "robert": ("Bob", "Rob", "Bobby", "Robbie"), "roberto": ("Beto", "Bobby"), "ronald": ("Ron", "Ronnie"),
    "samantha": ("Sam", "Sammy"), "samuel": ("Sam", "Sammy"), "sandra": ("Sandy",), "sofia": ("Sofi",), "stephanie": ("Steph",),
    "stephen": ("Steve",), "steven": ("Steve",), "susan": ("Sue", "Susie"), "teresa": ("Terri", "Tess"),
    "terrence": ("Terry",), "thomas": ("Tom", "Tommy"), "tiffany": ("Tiff",), "timothy": ("Tim", "Timmy"),
    "veronica": ("Vero", "Ronnie"), "victoria": ("Vicky", "Tori"), "vladimir": ("Vlad", "Volodya"), "walter": ("Walt",),
    "william": ("Bill", "Will", "Billy", "Liam"), "zachary": ("Zach",),
}  # fmt: skip

_SPELLINGS: tuple[tuple[str, ...], ...] = (
    ("Mohammed", "Mohamed", "Muhammad", "Mohammad", "Mohamud"), ("Ahmed", "Ahmad"), ("Hussein", "Husain", "Hussain", "Hussien"),
    ("Hassan", "Hasan"), ("Yousef", "Yusuf", "Youssef"), ("Ibrahim", "Ebrahim"), ("Khalid", "Khaled"), ("Omar", "Umar"),
    ("Abdullah", "Abdalla"), ("Abdullahi", "Abdulahi"), ("Fatima", "Fatuma", "Fatma"), ("Aisha", "Ayesha", "Asha"),
    ("Mariam", "Maryam"), ("Zainab", "Zeinab", "Zaynab"), ("Khadija", "Khadra", "Khadijah"), ("Amina", "Aminah", "Amino"),
    ("Layla", "Leila", "Laila"), ("Yasmin", "Yasmeen"), ("Al-Masri", "El Masry", "Almasri"), ("El-Sayed", "Elsayed", "Al Sayed"),
    ("Haddad", "Hadad"), ("Abdi", "Cabdi"), ("Warsame", "Warsameh"), ("Tesfaye", "Tesfay"), ("Haile", "Hayle"),
    ("Gebre", "Ghebre"), ("Bekele", "Beqele"), ("Wang", "Wong"), ("Zhang", "Chang", "Cheung"), ("Chen", "Chan", "Tan"),
    ("Liu", "Lau", "Liou"), ("Huang", "Wong", "Hwang"), ("Zhou", "Chou", "Chow"), ("Xu", "Hsu", "Shu"), ("Li", "Lee"),
    ("Zhao", "Chao", "Chiu"), ("Guo", "Kuo", "Kwok"), ("Xie", "Hsieh", "Tse"), ("Zheng", "Cheng"), ("Deng", "Teng", "Tang"),
    ("Xiaoyan", "Hsiao-Yen", "Xiao Yan"), ("Guoqiang", "Kuo-Chiang", "Guo Qiang"), ("Choi", "Choe"), ("Jung", "Jeong", "Chung"),
    ("Park", "Pak"), ("Lee", "Yi", "Rhee"), ("Cho", "Jo"), ("Lim", "Im"), ("Yoo", "Yu"), ("Ahn", "An"), ("Seo", "Suh"),
    ("Kang", "Gang"), ("Chowdhury", "Choudhury", "Chaudhary"), ("Kaur", "Kour"), ("Reddy", "Reddi"), ("Deepak", "Dipak"),
    ("Pooja", "Puja"), ("Geeta", "Gita"), ("Meena", "Mina"), ("Sergei", "Sergey", "Serhii"), ("Dmitri", "Dmitry", "Dmytro"),
    ("Andrei", "Andrey", "Andriy"), ("Yuri", "Yury", "Iurii"), ("Mikhail", "Mykhailo", "Michail"), ("Yulia", "Julia", "Iuliia"),
    ("Natalia", "Nataliya", "Nataliia"), ("Tatiana", "Tatyana", "Tetiana"), ("Oksana", "Oxana"), ("Ekaterina", "Yekaterina"),
    ("Oleksandr", "Aleksandr", "Alexander"), ("Shevchenko", "Szewczenko"), ("Melnyk", "Melnik"), ("Kuznetsov", "Kuznecov"),
    ("Gonzalez", "Gonzales"), ("Vasquez", "Vazquez"), ("Chavez", "Chaves"), ("Jimenez", "Ximenez"),
    ("Yesenia", "Jessenia"), ("Begay", "Begaye"), ("Tevita", "Tavita"),
)  # fmt: skip


def plain(name: str) -> str:
    """Small letters without accents; signs between letters stay."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(sign)
    ).replace("đ", "d")


def short_name(given: str, rng: Random) -> str | None:
    """One of the short names of a given name; None where there is none."""
    known = _SHORT.get(plain(given))
    return rng.choice(known) if known else None


def transliterated(name: str, rng: Random) -> str | None:
    """Another spelling of a name, word by word; None where no word of it has one."""
    words = name.split()
    changed = [_other(word, rng) or word for word in words]
    if changed != words:
        return " ".join(changed)
    if "-" in name:
        first, _, rest = name.partition("-")
        return rng.choice((f"{first} {rest}", first + rest.lower(), f"{first}{rest}"))
    return None


def _groups_by_spelling() -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for group in _SPELLINGS:
        for spelling in group:
            found[plain(spelling)] = (*found.get(plain(spelling), ()), group)
    return found


_BY_SPELLING = _groups_by_spelling()


def _other(word: str, rng: Random) -> str | None:
    groups = _BY_SPELLING.get(plain(word))
    if not groups:
        return None
    return rng.choice([spelling for spelling in rng.choice(groups) if plain(spelling) != plain(word)])

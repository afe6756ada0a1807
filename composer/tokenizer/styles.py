"""The style of a composer, by the years of birth and death. Knows names and years only.

A composer's style is that of the year in which he or she was thirty; where only the death is known,
thirty years before it; where neither is, a year of work (`@`). The bounds are those that textbooks
agree on: 1600 and 1750 (M. F. Bukofzer, Music in the Baroque Era, 1947, pp. 1-19, 1750 with Bach's
death), 1820 (C. Rosen, The Classical Style, 1971, epilogue: after Beethoven's middle years) and
1890, from when C. Dahlhaus speaks of the modern (Nineteenth-Century Music, 1989, pp. 330-339).
A table by years draws lines through lives: Monteverdi counts as Renaissance, Debussy as later.

Years are those of the catalogues behind the scores where these state them (OpenScore Lieder,
data/composers.tsv, whose source is Wikidata), otherwise those of the usual dictionaries; about a
tenth are approximate there too, by less than the bounds need. Who is not listed, because the years
are not known or a surname is shared by people of two styles, has no style.
"""

from __future__ import annotations

from functools import cache

from composer.theory import STYLES

AGE_YEARS = 30
STARTS = (1600, 1750, 1820, 1890)  # of Baroque, Classical, Romantic and what came later

_YEARS = """
Albéniz 1860-1909; Alkan 1813-1888; Anerio 1567-1630; Arne 1710-1778; Asola 1532-1609;
Bach 1685-1750; Banchieri 1568-1634; Bantock 1868-1946; Barnard 1830-1869; Bazylik 1535-1600;
Beach 1867-1944; Beethoven 1770-1827; Berlioz 1803-1869; Binder 1723-1789; Bishop 1786-1855;
Bizet 1838-1875; Boccherini 1743-1805; Bohdanowicz 1740-1817; Boismortier 1689-1755; Borek -1573;
Boulanger 1893-1918; Boulton 1859-1935; Bradbury 1816-1868; Brahms 1833-1897; Brentner 1689-1742;
Bridge 1879-1941; Brioschi @1735; Brixi 1732-1771; Browne 1820-1882; Bruch 1838-1920;
Bruckner 1824-1896; Brzowska 1830-1886; Burgmüller 1806-1874; Burleigh 1866-1949;
Butterworth 1885-1916; Buxtehude 1637-1707; Byrd 1540-1623; Bądarzewska 1834-1861;
Caldara 1670-1736; Casali 1715-1792; Certon -1572; Chabrier 1841-1894; Chaminade 1857-1944;
Chausson 1855-1899; Chopin 1810-1849; Clara Schumann 1819-1896; Clementi 1752-1832;
Coleridge-Taylor 1875-1912; Corelli 1653-1713; Cornelius 1824-1874; Costanzi 1704-1778;
Couperin 1668-1733; Cowen 1852-1935; Croce 1557-1609; Czerny 1791-1857; Damse 1789-1852;
Dandrieu 1682-1738; Dankowski @1790; Davies 1869-1941; Debussy 1862-1918; Delius 1862-1934;
Dickson 1819-1878; Dittersdorf 1739-1799; Doane 1832-1915; Dobrzyński 1807-1867;
Dowland 1563-1626; Duchambge 1776-1858; Dussek 1760-1812; Duyse 1843-1910; Dvořák 1841-1904;
Dykes 1823-1876; Elgar 1857-1934; Elsner 1769-1854; Engel -1788; Faisst 1872-1948;
Faltis 1887-1937; Fauré 1845-1924; Field 1782-1837; Fils 1733-1760; Fitelberg 1879-1953;
Franck 1822-1890; Franz 1815-1892; Frescobaldi 1583-1643; Froberger 1616-1667;
Gabriel 1825-1877; Gabrieli 1533-1585; Gall 1856-1912; Gallus 1550-1591; German 1862-1936;
Gesualdo 1566-1613; Giżycka-Zamoyska 1829-1889; Gomółka 1535-1591; Gonzaga 1847-1935;
Gorczycki 1665-1734; Goudimel 1514-1572; Gounod 1818-1893; Gołąbek 1739-1789; Granados 1867-1916;
Grandval 1828-1907; Graun 1704-1759; Gray -1911; Greger 1862-1944; Grieg 1843-1907;
Grigny 1672-1703; Guami 1542-1611; Guglielmi 1728-1804; Gurney 1890-1937; Handel 1685-1759;
Hardelot 1858-1936; Hasse 1699-1783; Haydn 1732-1809; Hensel 1805-1847; Hertz 1844-1918;
Hofmann 1738-1793; Holland 1746-1827; Holmès 1847-1903; Holst 1874-1934; Holzbauer 1711-1783;
Horrocks 1867-1920; Hummel 1778-1837; Humperdinck 1854-1921; Häser 1779-1844; Isaac 1450-1517;
J. C. Bach 1735-1782; Jachet de Mantua 1483-1559; Jacobs-Bond 1862-1946; Janequin 1485-1558;
Janiewicz 1762-1848; Jansa 1795-1875; Jarzębski 1590-1649; Jaëll 1846-1925; Joplin 1868-1917;
Josquin 1450-1521; Joteyko 1872-1932; Karłowicz 1876-1909; Kazuro 1881-1961; Kinkel 1810-1858;
Kittel 1732-1809; Kozłowski 1757-1831; Kościuszko 1746-1817; Kralik 1857-1944; Kraus 1728-1790;
Krogulski 1815-1842; Kuhlau 1786-1832; Kuhnau 1660-1722; Kurpiński 1785-1857;
Königsperger 1708-1769; Kątski 1825-1879; Lang 1815-1880; Lasso 1532-1594; Le Beau 1850-1927;
Lehmann 1862-1918; Lessel 1780-1838; Lilius 1600-1657; Liszt 1811-1886; Lubomirski 1813-1871;
Lully 1632-1687; Mackenzie 1847-1935; Mahler 1860-1911; Maldere 1729-1768; Marenzio 1553-1599;
Massaino 1550-1608; Mayer 1812-1883; Mel 1554-1598; Mendelssohn 1809-1847; Mielczewski 1600-1651;
Mikuli 1821-1897; Moniuszko 1819-1872; Monte 1521-1603; Monteverdi 1567-1643; Morales 1500-1553;
Morley 1557-1602; Mounsey Bartholomew 1811-1891; Mozart 1756-1791; Munktell 1852-1919;
Mussorgsky 1839-1881; Młynarski 1870-1935; Namysłowski 1856-1925; Naujalis 1869-1934;
Naumann 1741-1801; Netzel 1839-1927; Noskowski 1846-1909; Nowakowski 1800-1865; Ogiński 1765-1833;
Pacelli 1570-1623; Pachelbel 1653-1706; Paderewski 1860-1941; Palestrina 1525-1594;
Paradis 1759-1824; Parratt 1841-1924; Parry 1848-1918; Pausch 1758-1838; Pergolesi 1710-1736;
Pleyel 1757-1831; Porpora 1686-1768; Puget 1810-1889; Pugnani 1731-1798; Purcell 1659-1695;
Pękiel -1670; Quilter 1877-1953; Rachmaninoff 1873-1943; Rameau 1683-1764; Rathgeber 1682-1750;
Ravel 1875-1937; Reger 1873-1916; Reichardt 1779-1826; Reinecke 1824-1910; Righini 1756-1812;
Rimsky-Korsakov 1844-1908; Roberday 1624-1680; Root 1820-1895; Rossini 1792-1868;
Rzepko 1825-1892; Sabino 1550-1593; Sacchini 1730-1786; Saint-Georges 1745-1799;
Saint-Saëns 1835-1921; Satie 1866-1925; Scacchi 1602-1662; Scarlatti 1685-1757;
Scheidemann 1595-1663; Schoenberg 1874-1951; Schröter 1751-1802; Schubert 1797-1828;
Schumann 1810-1856; Schütz 1585-1672; Scriabin 1872-1915; Senfl 1486-1543; Silcher 1789-1860;
Singenberger 1848-1924; Smetana 1824-1884; Smyth 1858-1944; Somervell 1863-1937; Sor 1778-1839;
Sousa 1854-1932; Sowiński 1805-1880; Spohr 1784-1859; Stabile 1535-1595; Stachowicz 1658-1699;
Stanford 1852-1924; Stefani 1800-1876; Stojowski 1870-1946; Studziński 1815-1854;
Sullivan 1842-1900; Sweelinck 1562-1621; Szadek -1612; Szczurowski 1718-1774;
Szymanowska 1789-1831; Szymanowski 1882-1937; Tallis 1505-1585; Tarnowski 1836-1878;
Tchaikovsky 1840-1893; Telemann 1681-1767; Titelouze 1563-1633; Toeschi 1731-1788;
Troschel 1823-1887; Tymolski 1828-1885; Verdi 1813-1901; Viardot 1821-1910; Victoria 1548-1611;
Vinci 1690-1730; Vitali 1632-1692; Vivaldi 1678-1741; Wagner 1813-1883; Walczyński 1852-1937;
Warlock 1894-1930; Wański 1756-1830; Weber 1786-1826; Webern 1883-1945; Weckmann 1616-1674;
Weelkes 1576-1623; White 1855-1937; Widor 1844-1937; Wieniawski 1835-1880; Wolf 1860-1903;
Wroński 1850-1915; Zarębski 1854-1885; Zeidler 1744-1806; Zieleński @1611; Zinck 1743-1801;
Zumsteeg 1760-1802; Łodwigowski 1815-1895; Ścigalski 1782-1846; Śmietański 1845-1886;
Żebrowski 1702-1770; Żeleński 1837-1921
"""


def style_of(composer: str | None) -> str | None:
    """Return one of `STYLES` for a composer's name as in the corpus; None if it is not known."""
    return _styles().get(composer) if composer else None


def style_of_year(year: int) -> str:
    """Return the style in which a composer of thirty worked in a year."""
    return STYLES[sum(year >= start for start in STARTS)]


@cache
def _styles() -> dict[str, str]:
    entries = (entry.strip().rsplit(" ", 1) for entry in _YEARS.split(";"))
    return {name: style_of_year(_year_of_work(years)) for name, years in entries}


def _year_of_work(years: str) -> int:
    if years.startswith("@"):
        return int(years[1:])
    born, _, died = years.partition("-")
    return int(born) + AGE_YEARS if born else int(died) - AGE_YEARS

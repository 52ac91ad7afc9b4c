"""Small files of reference data, written for the tests in the formats they are published in. Nobody in them exists."""

from pathlib import Path

_PRODUCT = (
    "PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tPROPRIETARYNAME\tPROPRIETARYNAMESUFFIX\tNONPROPRIETARYNAM"
    "E\tDOSAGEFORMNAME\t"
    "ROUTENAME\tSTARTMARKETINGDATE\tENDMARKETINGDATE\tMARKETINGCATEGORYNAME\tAPPLICATIONNUMBER\tLABELERNA"
    "ME\tSUBSTANCENAME\t"
    "ACTIVE_NUMERATOR_STRENGTH\tACTIVE_INGRED_UNIT\tPHARM_CLASSES\tDEASCHEDULE\tNDC_EXCLUDE_FLAG\tLISTING"
    "_RECORD_CERTIFIED_THROUGH\n"
    "9999-0001_a\t9999-0001\tHUMAN PRESCRIPTION DRUG\tCalmora\t\tlisinopril\tTABLET\tORAL\t20150302\t\tAN"
    "DA\tANDA099999\t"
    "Made-Up Labs\tLISINOPRIL\t10\tmg/1\t\t\tN\t20261231\n"
    "9999-0002_b\t9999-0002\tHUMAN PRESCRIPTION DRUG\tRuhe\u00e9\t\tzolpidem\tTABLET\tORAL\t20160101\t202"
    "40229\tNDA\tNDA099998\t"
    "Made-Up Labs\tZOLPIDEM TARTRATE\t5\tmg/1\t\tCIV\tN\t\n"
    '9999-0003_c\t\tHUMAN OTC DRUG\tNo code "at all"\t\taspirin\tTABLET\tORAL\t20160101\t\tOTC\t\tMade-Up'
    " Labs\tASPIRIN\t81\tmg/1\t\t\tN\t\n"
)
_PACKAGE = (
    "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\tSTARTMARKETINGDATE\tENDMARKETINGDATE\tNDC"
    "_EXCLUDE_FLAG\tSAMPLE_PACKAGE\n"
    "9999-0001_a\t9999-0001\t9999-0001-30\t30 TABLET in 1 BOTTLE (9999-0001-30) \t20150302\t\tN\tN\n"
)
_PROVIDERS = (
    '"NPI","Entity Type Code","Provider Organization Name (Legal Business Name)","Provider Last Name (Legal Name)",'
    '"Provider First Name","Provider Credential Text","Provider First Line Business Practice Location Address",'
    '"Provider Business Practice Location Address City Name","Provider Business Practice Location Address State Name",'
    '"Provider Business Practice Location Address Postal Code","Provider Enumeration Date","NPI Deactivation Date",'
    '"NPI Reactivation Date","Provider Gender Code","Healthcare Provider Taxonomy Code_1",'
    '"Healthcare Provider Primary Taxonomy Switch_1","Healthcare Provider Taxonomy Code_2",'
    '"Healthcare Provider Primary Taxonomy Switch_2"\n'
    '"1000000001","1","","ALDER","IRIS","M.D.","1 NOWHERE ST","AUSTIN","TX","787010000","05/23/2005","","","F",'
    '"207R00000X","N","207Q00000X","Y"\n'
    '"1000000002","1","","BIRCH","OTTO","D.O.","2 NOWHERE ST, SUITE 5","AUSTIN","TX","787010000","06/01/2'
    '006","01/05/2020","","M",'
    '"207Q00000X","Y","",""\n'
    '"1000000003","2","CLINIC OF NOWHERE","","","","3 NOWHERE ST","ALBANY","NY","122070000","07/01/2007","","","",'
    '"261QP2300X","Y","",""\n'
    '"12345","1","","SHORT","NUMBER","","","","","","","","","","","","",""\n'
)
_SURNAMES = (
    "name,rank,count,prop100k,cum_prop100k,pctwhite,pctblack,pctapi,pctaian,pct2prace,pcthispanic\n"
    "SMITH,1,2442977,828.19,828.19,70.9,23.11,0.5,0.89,2.19,2.4\n"
    "JOHNSON,2,1932812,655.24,1483.42,58.97,34.63,0.54,0.94,2.56,2.36\n"
    "ALL OTHER NAMES,0,29312001,9936.97,100000,66.65,8.53,7.97,0.86,2.32,13.67\n"
    "NOBODY,3,(S),0,0,(S),(S),(S),(S),(S),(S)\n"
)
FILES = {
    "product.txt": (_PRODUCT, "cp1252"),
    "package.txt": (_PACKAGE, "utf-8"),
    "npidata_pfile_20260101-20260107.csv": (_PROVIDERS, "utf-8"),
    "Names_2010Census.csv": (_SURNAMES, "utf-8-sig"),
    "yob2020.txt": ("Olivia,F,17664\nEmma,F,15684\nLiam,M,19863\n", "ascii"),
    "TX.TXT": ("TX,F,2020,Camila,1500\nTX,M,2020,Liam,1700\n", "ascii"),
}


def write_reference(folder: Path) -> dict[str, Path]:
    """The files, by their names."""
    for name, (text, encoding) in FILES.items():
        (folder / name).write_bytes(text.encode(encoding))
    return {name: folder / name for name in FILES}

"""What is said of NCPDP without its schemas, which are not free: what every message has, and the best known lengths."""

SCRIPT_REQUIRED = {"Message": ("Header", "Body"), "Message.Header": ("To", "From", "MessageID", "SentTime")}
SCRIPT_TYPES = frozenset(
    "CancelRx CancelRxResponse CFDataRequest CFProductInquiry CFProductInquiryResponse Census ClinicalInfoRequest "
    "ClinicalInfoResponse DrugAdministration Error GetMessage MTMServiceDocumentation MTMServiceRequest "
    "MTMServiceResponse NewRx NewRxRequest NewRxResponseDenied PAAppealRequest PAAppealResponse PACancelRequest "
    "PACancelResponse PAInitiationRequest PAInitiationResponse PARequest PAResponse PasswordChange Recertification "
    "REMSInitiationRequest REMSInitiationResponse REMSRequest REMSResponse Resupply RxChangeRequest RxChangeResponse "
    "RxFill RxFillIndicatorChange RxHistoryRequest RxHistoryResponse RxRenewalRequest RxRenewalResponse "
    "RxTransferRequest RxTransferResponse RxTransferConfirm Status Verify FollowUp".split()
)
TELECOM_SEGMENTS = frozenset(f"AM{number:02}" for number in range(1, 30)) | frozenset({"AM34", "AM35", "AM36", "AM37"})
TELECOM_REQUIRED = {
    "Transmission.Header": ("version", "transaction", "count", "provider", "serviceDate"),
    "Transmission.AM04": ("C2",),
    "Transmission.AM07": ("EM", "D2"),
    "Transmission.AM21": ("AN",),
}
TELECOM_VALUES = {
    "Transmission.Header count": frozenset("1234"),
    "Transmission.AM01 C5": frozenset("012"),
    "Transmission.AM07 EM": frozenset("123"),
    "Transmission.AM21 AN": frozenset("ACDFPQRSBGHJ"),
}
TELECOM_LONGEST = {"C2": 20, "CA": 12, "CB": 15, "CM": 30, "CN": 20, "CO": 2, "CP": 15, "D2": 12, "D7": 19, "C1": 15}

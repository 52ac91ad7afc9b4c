"""Messages that health systems send each other, and what can be learned from them. Nothing here knows a database.

hl7        reading and writing HL7 v2, byte for byte; so fhir, ncpdp
standard   what the base standard says, from the definitions that hl7apy carries
profiles   how a sender really writes its messages, counted without keeping any of them
deviations where that differs from the standard
listening  messages received over MLLP, acknowledged once they are durable
synthesis  messages made from a configuration
"""

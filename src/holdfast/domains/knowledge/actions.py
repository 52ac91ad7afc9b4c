"""Knowledge: bases, documents, search, citations."""

from holdfast.domains.knowledge.adding import Adding
from holdfast.domains.knowledge.citing import Citing
from holdfast.domains.knowledge.documents import Documents
from holdfast.domains.knowledge.finding import Finding


class Knowledge(Adding, Documents, Finding, Citing):
    """Documents that are searched and cited. Which of them somebody reads their clearance says, not their role."""

"""What a FHIR resource on social needs rests on in its bundle or file: its patient, encounter, questionnaire, consents, labels."""

from __future__ import annotations

from collections.abc import Mapping

from hub.formats.fhir import Resource
from hub.mapping.consent_states import Who, of_patient, refusing
from hub.mapping.fhir_labels import labels_of
from hub.mapping.immunization_patients import Patients, Subject
from hub.mapping.labs_fhir_bundle import Held, Pool
from hub.mapping.program import NotMapped
from hub.mapping.screening_fhir_answers import questions_of
from hub.mapping.tracing_person import Json, listed, text

__all__ = ["Surrounding"]


class Surrounding:
    """One pool; what it knows of a resource's person and visit."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.patients = Patients()
        self._around = labels_of([pool.bundle]) if pool.bundle else frozenset[str]()
        self._refusing = self._refusals()
        self._questionnaires = {text(held.body.get("url")): held for held in pool.of("Questionnaire")}

    def who(self, item: Resource) -> Subject | None:
        """Whose a resource is; None where that cannot be told."""
        return self.patients.subject_of(item) if item.type == "Patient" else self.patients.referred(item)

    def patient(self, item: Resource) -> Held | None:
        """The Patient in the pool that a resource speaks of."""
        told = item.body.get("patient" if item.type == "Consent" else "subject")
        found = self.pool.find_one(told, "Patient", Held(item.body, item))
        return None if found is None or self.pool.is_elsewhere(found) else found

    def encounter(self, item: Resource) -> Held | None:
        """The Encounter in the pool in which something was said."""
        return self.pool.find_one(item.body.get("encounter"), "Encounter", Held(item.body, item))

    def response(self, item: Resource) -> tuple[str, Held | None]:
        """The QuestionnaireResponse that an Observation is derived from: its name, and itself where it is in the pool."""
        for reference in listed(item.body.get("derivedFrom")):
            name = text(reference.get("reference"))
            found = self.pool.find_one(reference, "QuestionnaireResponse", Held(item.body, item))
            if found is not None or "QuestionnaireResponse/" in name:
                return name, found
        return "", None

    def is_of(self, item: Resource, who: Subject) -> bool:
        """Whether a resource is this person's, or nobody's."""
        try:
            whose = self.who(item)
        except NotMapped:
            return True
        return whose is None or (whose.authority, whose.local_id) == (who.authority, who.local_id)

    def questions(self, item: Resource, used: list[Resource]) -> Mapping[str, str]:
        """LOINC codes by linkId, of the Questionnaire that a response answers, contained or in the pool."""
        url = text(item.body.get("questionnaire")).partition("|")[0]
        if url.startswith("#"):
            contained = listed(item.body.get("contained"))
            return questions_of(next((one for one in contained if text(one.get("id")) == url[1:]), {}))
        held = self._questionnaires.get(url)
        if held is None:
            return {}
        used.append(held.entry)
        return questions_of(held.body)

    def labels(self, item: Resource) -> frozenset[str]:
        """Labels of a resource, of its bundle, and of the Patient and Encounter that it rests on."""
        rests_on = (self.patient(item), self.encounter(item), self.response(item)[1]) if item.type != "Patient" else ()
        own = labels_of([item.body, *(held.body for held in rests_on if held is not None)])
        return own | self._around

    def refused(self, item: Resource) -> bool:
        """Whether the person of a resource refused."""
        who = self.who(item)
        return who is not None and (who.authority, who.local_id) in self._refusing

    def _refusals(self) -> frozenset[tuple[str, str]]:
        """Who refused, by all their Consents in the pool."""
        told: list[tuple[Who, Json]] = []
        for held in self.pool.of("Consent"):
            try:
                who = self.patients.referred(of_patient(held.entry))
            except NotMapped:
                continue
            if who is not None:
                told.append(((who.authority, who.local_id), held.body))
        return refusing(told)


def body_of(held: Held | None) -> Json | None:
    """The resource of what may be there."""
    return None if held is None else held.body

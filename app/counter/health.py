"""Whether the counter works, and whether it is as safe as it should be."""

import threading
import time
from dataclasses import dataclass

from counter.asking import Asker
from counter.errors import StoreUnavailable
from counter.redis_settings import RedisSettings
from counter.redis_ways import Survey, Way

SURVEY_LASTS_S = 3.0
"""Checks come every two seconds from several sides; replicas and Sentinels are asked less often."""


@dataclass(frozen=True)
class Health:
    """What /health says."""

    status: str
    """ok; degraded: works, but something is amiss; unavailable: changes do not work."""
    reason: str = ""


class HealthCheck:
    """Looks at Redis each time, at all around it every few seconds; safe to use from many threads."""

    def __init__(self, settings: RedisSettings, key: str, way: Way, asker: Asker) -> None:
        self._patience = settings.timeout
        self._key = key
        self._way = way
        self._asker = asker
        self._survey = Survey()
        self._surveyed_at = float("-inf")
        self._surveying = threading.Lock()

    def now(self) -> Health:
        """Tells how things are; takes no longer than a request does."""
        try:
            # A change that changes nothing: it passes every gate an INCR passes (the right node, not read
            # only, enough replicas, memory and disk in order) and leaves no trace in file or replicas.
            self._asker.ask(
                lambda redis: redis.setrange(self._key, 0, ""), repeatable=True, patience=self._patience
            )
        except StoreUnavailable as error:
            return Health("unavailable", str(error))
        survey = self._recent_survey()
        if survey.broken:
            return Health("unavailable", "; ".join((*survey.broken, *survey.amiss)))
        if survey.amiss:
            return Health("degraded", "; ".join(survey.amiss))
        return Health("ok")

    def _recent_survey(self) -> Survey:
        is_old = time.monotonic() - self._surveyed_at > SURVEY_LASTS_S
        # One thread looks; those who come meanwhile take what was last seen.
        if is_old and self._surveying.acquire(blocking=False):
            try:
                self._survey = self._asker.ask(self._way.survey, repeatable=True, patience=self._patience)
            except StoreUnavailable as error:
                self._survey = Survey(amiss=(f"what else there is cannot be told: {error}",))
            finally:
                self._surveyed_at = time.monotonic()
                self._surveying.release()
        return self._survey

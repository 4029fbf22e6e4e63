"""Which notices a firm sends, and when a mail may arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo

from domain.model.errors import FieldError, InvalidInput
from domain.model.notices import NoticeStage

DELAY_HOURS_MAX = 24 * 30
EXCLUDED_MAX = 1_000
TEST_ADDRESSES_MAX = 20
_SATURDAY = 5
_MINUTE = timedelta(minutes=1)
_OFF_BY_DEFAULT = frozenset({NoticeStage.DISPUTE_RECEIVED})


@dataclass(frozen=True)
class StageRule:
    """Whether a stage is sent, and how long after its cause, in hours of the policy's day."""

    is_enabled: bool = True
    delay_hours: int = 0


@dataclass(frozen=True)
class QuietHours:
    """No mail from `starts_at` until `ends_at` in the client's time zone, which may reach over midnight; with
    `business_days_only` none on Saturdays and Sundays either.
    """

    starts_at: time
    ends_at: time
    business_days_only: bool = False

    @property
    def is_in_whole_minutes(self) -> bool:
        """Whether there are no seconds in its times."""
        return all(wall == wall.replace(second=0, microsecond=0) for wall in (self.starts_at, self.ends_at))

    def next_allowed(self, moment: datetime, zone: tzinfo) -> datetime:
        """The first time from `moment` (aware UTC) on at which a mail may arrive.

        Looked for minute by minute: in the hours that a change of the clocks leaves out or shows twice, nothing but the
        clock itself tells what is quiet.
        """
        candidate = moment
        while self._is_quiet(candidate.astimezone(zone)):
            candidate = candidate.replace(second=0, microsecond=0) + _MINUTE
        return candidate

    def _is_quiet(self, local: datetime) -> bool:
        if self.business_days_only and local.weekday() >= _SATURDAY:
            return True
        start, end, wall = self.starts_at, self.ends_at, local.time()
        return start <= wall < end if start <= end else wall >= start or wall < end


@dataclass(frozen=True)
class NoticePolicy:
    """Which notices go out. With `test_addresses` every mail goes there and to nobody else."""

    stages: Mapping[NoticeStage, StageRule] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    excluded_client_ids: frozenset[str] = frozenset()
    test_addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        errors = [
            FieldError(f"stages.{stage}.delay_hours", f"Must be 0 to {DELAY_HOURS_MAX} hours.")
            for stage, rule in self.stages.items()
            if not 0 <= rule.delay_hours <= DELAY_HOURS_MAX
        ]
        if self.quiet_hours is not None and self.quiet_hours.starts_at == self.quiet_hours.ends_at:
            errors.append(FieldError("quiet_hours", "They cannot end when they begin: no mail would go out."))
        if self.quiet_hours is not None and not self.quiet_hours.is_in_whole_minutes:
            errors.append(FieldError("quiet_hours", "They begin and end at whole minutes."))
        if len(self.excluded_client_ids) > EXCLUDED_MAX:
            errors.append(FieldError("excluded_client_ids", f"At most {EXCLUDED_MAX} clients."))
        if len(self.test_addresses) > TEST_ADDRESSES_MAX:
            errors.append(FieldError("test_addresses", f"At most {TEST_ADDRESSES_MAX} addresses."))
        if errors:
            raise InvalidInput(*errors)

    def rule(self, stage: NoticeStage) -> StageRule:
        """The stage's rule; all stages are sent at once unless said otherwise, the polite note on a dispute is not."""
        return self.stages.get(stage, StageRule(is_enabled=stage not in _OFF_BY_DEFAULT))

"""What a firm decided about notices, as JSON."""

from datetime import time
from typing import Any

from adapters.postgres.line import Row
from domain.model.notice_policy import NoticePolicy, QuietHours, StageRule
from domain.model.notices import NoticeStage


def notice_policy_json(policy: NoticePolicy) -> dict[str, Any]:
    """The policy as it is stored; times as HH:MM of the client's clock."""
    quiet = policy.quiet_hours
    return {
        "stages": {
            stage.value: {"is_enabled": rule.is_enabled, "delay_hours": rule.delay_hours}
            for stage, rule in policy.stages.items()
        },
        "quiet_hours": None
        if quiet is None
        else {
            "starts_at": quiet.starts_at.isoformat("minutes"),
            "ends_at": quiet.ends_at.isoformat("minutes"),
            "business_days_only": quiet.business_days_only,
        },
        "excluded_client_ids": sorted(policy.excluded_client_ids),
        "test_addresses": list(policy.test_addresses),
    }


def notice_policy_of(stored: Row | None) -> NoticePolicy:
    """A stored policy; the default where an older version stored none."""
    if stored is None:
        return NoticePolicy()
    quiet = stored["quiet_hours"]
    return NoticePolicy(
        stages={NoticeStage(stage): StageRule(**rule) for stage, rule in stored["stages"].items()},
        quiet_hours=None
        if quiet is None
        else QuietHours(
            starts_at=time.fromisoformat(quiet["starts_at"]),
            ends_at=time.fromisoformat(quiet["ends_at"]),
            business_days_only=quiet["business_days_only"],
        ),
        excluded_client_ids=frozenset(stored["excluded_client_ids"]),
        test_addresses=tuple(stored["test_addresses"]),
    )

"""The soak of environments over tens and hundreds of them; `make soak` makes thousands."""

from __future__ import annotations

import pytest

from tests.forms import sizes
from tests.soak.campaign import Campaign, Plan
from tests.soak.inventory import Held

pytestmark = pytest.mark.root


@pytest.fixture(scope="module", params=sizes((90,), full=(100, 100)))
def campaign(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    plan = Plan(request.param, strike_every_s=0.25, seed=3)
    made = Campaign(tmp_path_factory.mktemp("soak") / "data", plan)
    made.run()
    return made


def test_environments_leave_nothing_behind_whatever_strikes_them(campaign: Campaign) -> None:
    report = campaign.report
    assert report.problems == [], "\n".join(report.lines())
    assert report.environments >= sum(campaign.plan.lives)
    assert report.kills_of_server == len(campaign.plan.lives) - 1


def test_the_soak_has_struck_and_called_in_many_ways(campaign: Campaign) -> None:
    assert len(campaign.report.strikes) >= 4
    assert len(campaign.report.ends) >= 15


def test_what_is_counted_is_really_there(campaign: Campaign) -> None:
    for life in campaign.report.lives:
        counts = life.before.counts()
        empty = {name for name, value in counts.items() if not value}
        assert empty == {"groups", "host_mounts", "sandboxes"}
        assert set(counts) == set(Held.__slots__) - {
            "server_kib",
            "launcher_kib",
            "server_threads",
            "leads_to",
        }

"""Which tier the findings allow, and in which words it is refused."""

from __future__ import annotations

import pytest

from lambdad.worker.sandbox import probe
from lambdad.worker.sandbox.plan import Finding, Tier

_EVERYTHING = (*probe.ISOLATION, *probe.LIMITS)


def findings(*broken: str) -> tuple[Finding, ...]:
    facts: list[dict[str, object]] = [
        {"feature": feature, "works": feature not in broken, "detail": "tried"} for feature in _EVERYTHING
    ]
    return probe.findings_from(facts)


@pytest.mark.parametrize("require", [None, Tier.NAMESPACE, Tier.PROCESS])
def test_a_host_that_gives_everything_gives_the_namespace_tier(require: Tier | None) -> None:
    assert probe.choose(require, findings()) is Tier.NAMESPACE


@pytest.mark.parametrize("feature", probe.ISOLATION)
def test_without_one_part_of_isolation_it_is_the_process_tier(feature: str) -> None:
    assert probe.choose(None, findings(feature)) is Tier.PROCESS
    assert probe.choose(Tier.PROCESS, findings(feature)) is Tier.PROCESS


@pytest.mark.parametrize("feature", probe.LIMITS)
def test_without_limits_it_is_still_the_namespace_tier(feature: str) -> None:
    assert probe.choose(None, findings(feature)) is Tier.NAMESPACE


@pytest.mark.parametrize("feature", _EVERYTHING)
def test_requiring_the_namespace_tier_fails_closed_and_names_what_is_missing(feature: str) -> None:
    with pytest.raises(probe.TierRefused) as refusal:
        probe.choose(Tier.NAMESPACE, findings(feature))
    assert feature in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("feature", _EVERYTHING)
def test_what_was_not_tried_does_not_count(feature: str) -> None:
    known = [finding for finding in findings() if finding.feature != feature]
    with pytest.raises(probe.TierRefused, match="not tried"):
        probe.choose(Tier.NAMESPACE, known)


@pytest.mark.parametrize("host", [findings(), findings(*_EVERYTHING), ()])
def test_the_microvm_tier_is_refused_on_every_host(host: tuple[Finding, ...]) -> None:
    with pytest.raises(probe.TierRefused, match="microvm is not offered"):
        probe.choose(Tier.MICROVM, host)


def test_a_host_without_any_finding_gives_the_process_tier() -> None:
    assert probe.choose(None, ()) is Tier.PROCESS


@pytest.mark.parametrize("feature", [*_EVERYTHING, "outbound network"])
def test_everything_that_does_not_work_has_a_remedy(feature: str) -> None:
    (finding,) = probe.findings_from([{"feature": feature, "works": False, "detail": "no"}])
    assert finding.remedy
    (finding,) = probe.findings_from([{"feature": feature, "works": True, "detail": "yes"}])
    assert finding.remedy is None


def test_the_launcher_s_own_remedy_comes_first() -> None:
    fact: dict[str, object] = {
        "feature": "outbound network",
        "works": False,
        "detail": "no",
        "remedy": "this",
    }
    assert probe.findings_from([fact])[0].remedy == "this"


def test_the_process_tier_keeps_what_was_found_and_adds_what_it_lacks() -> None:
    told = probe.of_process_tier(findings("user namespace"))
    features = [finding.feature for finding in told]
    assert features[: len(probe.ISOLATION)] == list(probe.ISOLATION)
    assert len(features) == len(set(features))
    assert not any(finding.works for finding in told if finding.feature == "memory limit")


@pytest.mark.parametrize("feature", probe.ISOLATION)
def test_choosing_the_namespace_tier_fails_closed_too(feature: str) -> None:
    with pytest.raises(probe.TierRefused, match="isolation namespace was chosen") as refusal:
        probe.choose(None, findings(feature), Tier.NAMESPACE)
    assert feature in str(refusal.value)


@pytest.mark.parametrize("feature", probe.LIMITS)
def test_choosing_the_namespace_tier_is_no_demand_for_its_limits(feature: str) -> None:
    assert probe.choose(None, findings(feature), Tier.NAMESPACE) is Tier.NAMESPACE


def test_giving_up_isolation_says_so_and_how_to_get_it_back() -> None:
    told = probe.of_chosen_process_tier()
    assert told[0].detail == "given up: the setting isolation is process"
    assert {finding.remedy for finding in told} == {"leave the setting isolation at auto"}
    assert not any(finding.works for finding in told)
    assert probe.choose(None, told) is Tier.PROCESS


def test_another_operating_system_has_none_of_it() -> None:
    told = probe.no_namespaces("darwin has no namespaces")
    assert {finding.detail for finding in told} == {"darwin has no namespaces"}
    assert probe.choose(None, told) is Tier.PROCESS

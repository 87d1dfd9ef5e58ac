"""What every real SQS is asked, of the tests with an SQS on loopback. Who takes it gives `queues` and `either`."""

from __future__ import annotations

from test_sources_sqs import (
    test_a_disabled_mapping_reads_nothing_and_an_enabled_one_does_again,
    test_a_function_that_feeds_its_own_queue_is_stopped,
    test_a_mapping_at_work_is_shown_with_lag_and_counts,
    test_a_message_reaches_the_function_as_on_aws_and_is_gone,
    test_a_queue_that_is_deleted_disturbs_no_other,
    test_a_role_of_iam_must_be_allowed_to_read_the_queue,
    test_many_messages_are_each_handled_once,
    test_messages_of_a_group_come_in_order,
    test_only_what_passes_the_filters_is_seen_and_all_is_deleted,
    test_queues_that_do_not_suit_are_refused_in_awss_words,
    test_what_failed_comes_again_and_what_did_not_does_not,
    test_what_fails_too_often_is_in_the_dead_letter_queue_of_the_queue,
)

__all__ = [
    "test_a_disabled_mapping_reads_nothing_and_an_enabled_one_does_again",
    "test_a_function_that_feeds_its_own_queue_is_stopped",
    "test_a_mapping_at_work_is_shown_with_lag_and_counts",
    "test_a_message_reaches_the_function_as_on_aws_and_is_gone",
    "test_a_queue_that_is_deleted_disturbs_no_other",
    "test_a_role_of_iam_must_be_allowed_to_read_the_queue",
    "test_many_messages_are_each_handled_once",
    "test_messages_of_a_group_come_in_order",
    "test_only_what_passes_the_filters_is_seen_and_all_is_deleted",
    "test_queues_that_do_not_suit_are_refused_in_awss_words",
    "test_what_failed_comes_again_and_what_did_not_does_not",
    "test_what_fails_too_often_is_in_the_dead_letter_queue_of_the_queue",
]

//! What works without a lock and has no queue, in its very files; the models stand in the library.
#![no_std]

use interleavings::{all_interleavings, interleavings_with, rate, saving};

#[test]
fn no_more_are_admitted_than_the_burst_also_beside_the_mutex() {
    all_interleavings(rate::no_more_are_admitted_than_the_burst_also_beside_the_mutex);
}

#[test]
fn a_thread_meets_the_old_rate_or_the_new_one_and_nothing_between() {
    all_interleavings(rate::a_thread_meets_the_old_rate_or_the_new_one_and_nothing_between);
}

#[test]
fn the_same_moment_under_another_rate_is_another_word() {
    all_interleavings(rate::the_same_moment_under_another_rate_is_another_word);
}

#[test]
fn two_threads_and_a_change_of_the_rate_come_in_some_order() {
    interleavings_with(2, rate::two_threads_and_a_change_of_the_rate_come_in_some_order);
}

#[test]
fn nobody_takes_a_turn_past_those_who_wait() {
    all_interleavings(rate::nobody_takes_a_turn_past_those_who_wait);
}

#[test]
fn what_is_saved_is_spent_once() {
    all_interleavings(saving::what_is_saved_is_spent_once);
}

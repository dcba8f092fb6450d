//! The page from its top to its end, with Helm, on two clusters: Helm asks the more, and waits the longer, the more versions there were.

use backout_testkit::measured::Table;

use super::stage::Predator;
use super::{asked, data, deploys, stuck};

#[test]
fn predator_page_is_done_on_its_own_stack() {
    let Some(predator) = Predator::installed("predator_page_is_done_on_its_own_stack", "helm") else { return };
    let mut table = Table::of("predator");
    assert!(predator.is_well());

    // It is compared with how it was before, of which no incident is a part.
    deploys::one_that_is_slower_by_more_than_half_goes_back(&predator, &mut table);
    deploys::one_that_crashes_goes_back(&predator, &mut table);
    deploys::one_with_more_than_five_errors_in_a_hundred_goes_back(&predator, &mut table);
    deploys::one_with_which_nobody_can_log_in_goes_back_with_its_setting(&predator, &mut table);
    data::a_migration_that_fails_half_way_goes_back_and_no_row_is_lost(&predator, &mut table);
    data::damaged_rows_wait_for_a_person_and_come_back_with_the_code(&predator, &mut table);
    asked::what_happened_is_written_down(&predator);
    table.print_and_hold();
}

#[test]
fn predator_does_without_what_is_away_and_people_are_called_where_no_way_leads_back() {
    let test = "predator_does_without_what_is_away_and_people_are_called_where_no_way_leads_back";
    let Some(predator) = Predator::installed(test, "helm") else { return };
    let mut table = Table::of("predator, asked");
    deploys::one_whose_payment_provider_is_away_stays_and_does_without(&predator);
    // What was kept then still runs.
    asked::a_revision_is_gone_back_to(&predator, &mut table);
    stuck::a_way_back_that_cannot_be_gone_calls_people(&predator);
    table.print_and_hold();
}

//! Items that are written together or not at all.

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity, TransactWriteItem, Update,
        builders::TransactWriteItemBuilder,
    },
};

use crate::{
    StoreError, Table,
    backoff::Backoff,
    expression::Expression,
    table::{Item, keyed},
};

/// The operation that writes a transaction.
pub(crate) const TRANSACTION: &str = "TransactWriteItems";

/// The reasons of a cancelled transaction that pass by themselves.
const PASSING: [&str; 3] = ["ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"];

/// How often a transaction is tried. With the waits between, that is about 15 seconds: longer than a function waits,
/// and not for ever at a command line.
const TRIES: u32 = 35;

/// What came of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything is written.
    Written,
    /// Nothing is: the condition of this step, counted from 0, does not hold. Of several, the first.
    Refused { step: usize },
}

/// The steps of a transaction, each of another item.
pub(crate) struct Transaction<'a> {
    table: &'a Table,
    steps: Vec<TransactWriteItem>,
}

impl<'a> Transaction<'a> {
    pub(crate) const fn on(table: &'a Table) -> Self {
        Self { table, steps: Vec::new() }
    }

    /// Writes an item, if `condition` holds of what stands there.
    pub(crate) fn put(
        self,
        partition: String,
        sort: String,
        attributes: Item,
        condition: Option<Expression>,
    ) -> Result<Self, StoreError> {
        let (text, values) = parts(condition);
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(keyed(partition, sort, attributes)))
            .set_condition_expression(text)
            .set_expression_attribute_values(values)
            .build()
            .map_err(incomplete)?;
        Ok(self.step(TransactWriteItem::builder().put(put)))
    }

    /// Changes an item by `update` if `condition` holds of it; the values of both stand in `update`.
    pub(crate) fn update(
        self,
        partition: String,
        sort: String,
        update: Expression,
        condition: &'static str,
    ) -> Result<Self, StoreError> {
        let (text, values) = parts(Some(update));
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(keyed(partition, sort, Item::new())))
            .set_update_expression(text)
            .condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map_err(incomplete)?;
        Ok(self.step(TransactWriteItem::builder().update(update)))
    }

    /// Deletes an item, if `condition` holds of it.
    pub(crate) fn delete(
        self,
        partition: String,
        sort: String,
        condition: Option<Expression>,
    ) -> Result<Self, StoreError> {
        let (text, values) = parts(condition);
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .set_key(Some(keyed(partition, sort, Item::new())))
            .set_condition_expression(text)
            .set_expression_attribute_values(values)
            .build()
            .map_err(incomplete)?;
        Ok(self.step(TransactWriteItem::builder().delete(delete)))
    }

    /// Writes the rest only if `condition` holds of an item.
    pub(crate) fn check(
        self,
        partition: String,
        sort: String,
        condition: Expression,
    ) -> Result<Self, StoreError> {
        let (text, values) = parts(Some(condition));
        let check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .set_key(Some(keyed(partition, sort, Item::new())))
            .set_condition_expression(text)
            .set_expression_attribute_values(values)
            .build()
            .map_err(incomplete)?;
        Ok(self.step(TransactWriteItem::builder().condition_check(check)))
    }

    fn step(mut self, step: TransactWriteItemBuilder) -> Self {
        self.steps.push(step.build());
        self
    }

    /// Writes it. One request.
    ///
    /// What is cancelled because the table was busy, or another transaction was about one of the items, is asked for
    /// again, [`TRIES`] times at most. The SDK itself takes every cancelled transaction for final; what it does try
    /// again carries the same request token, so that a transaction whose answer was lost is not written twice.
    pub(crate) async fn commit(self) -> Result<Outcome, StoreError> {
        let mut backoff = Backoff::new();
        let mut tries_left = TRIES;
        loop {
            let written = self
                .table
                .client
                .transact_write_items()
                .set_transact_items(Some(self.steps.clone()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .customize()
                .interceptor(self.table.meter.attempts())
                .send()
                .await;
            let error = match written {
                Ok(output) => {
                    self.table.meter.count_write(output.consumed_capacity());
                    return Ok(Outcome::Written);
                }
                Err(error) => error,
            };
            let has = |reason: &CancellationReason, codes: &[&str]| {
                reason.code().is_some_and(|code| codes.contains(&code))
            };
            let reasons = cancellation_reasons(&error);
            if let Some(step) = reasons.iter().position(|reason| has(reason, &["ConditionalCheckFailed"])) {
                return Ok(Outcome::Refused { step });
            }
            tries_left -= 1;
            if tries_left == 0 || !reasons.iter().any(|reason| has(reason, &PASSING)) {
                return Err(StoreError::of(TRANSACTION)(error));
            }
            self.table.meter.count_retry();
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    }
}

fn parts(expression: Option<Expression>) -> (Option<String>, Option<Item>) {
    expression.map_or((None, None), |Expression { text, values }| (Some(text), values))
}

fn incomplete(_: BuildError) -> StoreError {
    StoreError::unreadable(TRANSACTION)
}

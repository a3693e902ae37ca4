//! Transactions: several items written together or not at all.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, builders::TransactWriteItemBuilder,
    },
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    error::StoreError,
    expression::Expression,
    item::{Item, to_item},
    key::Key,
    operation::TRANSACT_WRITE_ITEMS,
    retry::{FailedAttempt, RetryReason},
    table::Table,
};

/// Cancellation reasons of a throttled transaction.
const THROTTLED: [&str; 2] = ["ProvisionedThroughputExceeded", "ThrottlingError"];

/// The cancellation reason of a concurrent transaction on the same item.
const CONFLICT: &str = "TransactionConflict";

/// The outcome of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TransactionOutcome {
    /// Every item is written.
    Committed,
    /// No item is written: the condition of a step is false. `step` is the first such step, counted from 0. `item` is the
    /// existing item if the step is a put; otherwise it is empty.
    ConditionFailed { step: usize, item: Item },
}

/// A transaction under construction. Each step has another item.
pub(crate) struct Transaction<'t> {
    table: &'t Table,
    steps: Vec<TransactWriteItem>,
}

impl<'t> Transaction<'t> {
    pub(crate) const fn on(table: &'t Table) -> Self {
        Self { table, steps: Vec::new() }
    }

    /// Adds a put, with a condition on the existing item or without one.
    pub(crate) fn put(
        self,
        key: Key,
        record: &impl Serialize,
        condition: Option<Expression>,
    ) -> Result<Self, StoreError> {
        let (text, values) = parts(condition);
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(key.with(to_item(record, TRANSACT_WRITE_ITEMS)?)))
            .set_condition_expression(text)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(invalid)?;
        Ok(self.step(TransactWriteItem::builder().put(put)))
    }

    /// Adds an update with a condition. `update` holds the values of both expressions.
    pub(crate) fn update(
        self,
        key: Key,
        update: Expression,
        condition: &'static str,
    ) -> Result<Self, StoreError> {
        let (text, values) = parts(Some(update));
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.into_item()))
            .set_update_expression(text)
            .condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map_err(invalid)?;
        Ok(self.step(TransactWriteItem::builder().update(update)))
    }

    /// Adds a deletion, with a condition or without one.
    pub(crate) fn delete(self, key: Key, condition: Option<Expression>) -> Result<Self, StoreError> {
        let (text, values) = parts(condition);
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.into_item()))
            .set_condition_expression(text)
            .set_expression_attribute_values(values)
            .build()
            .map_err(invalid)?;
        Ok(self.step(TransactWriteItem::builder().delete(delete)))
    }

    /// Adds a condition on an item that the transaction does not write.
    pub(crate) fn check(self, key: Key, condition: Expression) -> Result<Self, StoreError> {
        let (text, values) = parts(Some(condition));
        let check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.into_item()))
            .set_condition_expression(text)
            .set_expression_attribute_values(values)
            .build()
            .map_err(invalid)?;
        Ok(self.step(TransactWriteItem::builder().condition_check(check)))
    }

    fn step(mut self, step: TransactWriteItemBuilder) -> Self {
        self.steps.push(step.build());
        self
    }

    /// Sends the transaction. Retries throttling and conflicts within the caller's limits.
    ///
    /// The attempts after a fault carry the same client request token, so that a transaction whose response was lost is
    /// not applied twice.
    pub(crate) async fn commit(self) -> Result<TransactionOutcome, StoreError> {
        let mut attempts = self.table.attempts(TRANSACT_WRITE_ITEMS, u32::MAX);
        let mut token = Uuid::now_v7();
        let mut may_be_in_progress = false;
        loop {
            let request = self
                .table
                .client
                .transact_write_items()
                .set_transact_items(Some(self.steps.clone()))
                .client_request_token(token.to_string())
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let failed = match attempts.send(Box::pin(request.send())).await {
                Ok(output) => {
                    self.table.meter.count_write(output.consumed_capacity());
                    return Ok(TransactionOutcome::Committed);
                }
                Err(failed) => failed,
            };
            let reasons = cancellation_reasons(&failed);
            if reasons.is_empty() {
                may_be_in_progress = true;
                attempts.retry_after(failed).await?;
                continue;
            }
            let has = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
            let condition_failed = reasons.iter().position(|reason| has(reason, "ConditionalCheckFailed"));
            if let Some((step, reason)) = condition_failed.and_then(|step| Some((step, reasons.get(step)?))) {
                let item = reason.item().cloned().unwrap_or_default();
                return Ok(TransactionOutcome::ConditionFailed { step, item });
            }
            let is_throttled = reasons.iter().any(|reason| THROTTLED.iter().any(|code| has(reason, code)));
            let is_conflict = reasons.iter().any(|reason| has(reason, CONFLICT));
            let reason = if is_throttled { RetryReason::Throttled } else { RetryReason::Conflict };
            if !(is_throttled || is_conflict) || !attempts.retry(reason).await {
                return Err(failed.error);
            }
            // A cancelled transaction wrote nothing. The next attempt is a new one unless an earlier one may still commit.
            if !may_be_in_progress {
                token = Uuid::now_v7();
            }
        }
    }
}

fn cancellation_reasons(failed: &FailedAttempt<TransactWriteItemsError>) -> &[CancellationReason] {
    match &failed.service {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    }
}

fn parts(expression: Option<Expression>) -> (Option<String>, Option<Item>) {
    expression.map_or((None, None), |Expression { text, values }| (Some(text), values))
}

fn invalid(_: BuildError) -> StoreError {
    StoreError::invalid_request(TRANSACT_WRITE_ITEMS)
}

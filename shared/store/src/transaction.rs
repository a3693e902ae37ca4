//! Items that are written together or not at all.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, builders::TransactWriteItemBuilder,
    },
};
use uuid::Uuid;

use crate::{
    StoreError, Table,
    expression::Expression,
    retry::{Attempts, Failed, Reason},
    table::{Item, keyed},
};

/// The operation that writes a transaction.
pub(crate) const TRANSACTION: &str = "TransactWriteItems";

/// The reasons of a cancelled transaction that name a table without capacity.
const BUSY: [&str; 2] = ["ProvisionedThroughputExceeded", "ThrottlingError"];

/// The reason of a cancelled transaction that names an item which another transaction is about.
const CONFLICT: &str = "TransactionConflict";

/// What came of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// Everything is written.
    Written,
    /// Nothing is: the condition of this step, counted from 0, does not hold. Of several, the first. `item` is what stands
    /// in the way of a put; it is empty for other steps.
    Refused { step: usize, item: Item },
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
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
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

    /// Writes it. One request, and another one while the table or one of the items is busy.
    ///
    /// All attempts after faults carry the same request token: a transaction whose answer was lost is not written twice.
    pub(crate) async fn commit(self) -> Result<Outcome, StoreError> {
        let mut attempts = Attempts::new(self.table, TRANSACTION, u32::MAX);
        let mut token = Uuid::now_v7();
        let mut may_be_under_way = false;
        loop {
            let request = self
                .table
                .client
                .transact_write_items()
                .set_transact_items(Some(self.steps.clone()))
                .client_request_token(token.to_string())
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let failed = match attempts.make(Box::pin(request.send())).await {
                Ok(output) => {
                    self.table.meter.count_write(output.consumed_capacity());
                    return Ok(Outcome::Written);
                }
                Err(failed) => failed,
            };
            let reasons = cancellation_reasons(&failed);
            if reasons.is_empty() {
                may_be_under_way = true;
                attempts.again(failed).await?;
                continue;
            }
            let has = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
            let refused = reasons.iter().position(|reason| has(reason, "ConditionalCheckFailed"));
            if let Some((step, reason)) = refused.and_then(|step| Some((step, reasons.get(step)?))) {
                return Ok(Outcome::Refused { step, item: reason.item().cloned().unwrap_or_default() });
            }
            let is_busy = reasons.iter().any(|reason| BUSY.iter().any(|code| has(reason, code)));
            let is_conflict = reasons.iter().any(|reason| has(reason, CONFLICT));
            let reason = if is_busy { Reason::Busy } else { Reason::Conflict };
            if !(is_busy || is_conflict) || !attempts.wait(reason).await {
                return Err(failed.error);
            }
            // Nothing was written and no earlier attempt can be: the next one is a transaction of its own.
            if !may_be_under_way {
                token = Uuid::now_v7();
            }
        }
    }
}

fn cancellation_reasons(failed: &Failed<TransactWriteItemsError>) -> &[CancellationReason] {
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

fn incomplete(_: BuildError) -> StoreError {
    StoreError::unreadable(TRANSACTION)
}

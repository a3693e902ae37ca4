//! A table, and the operations on one item.

use std::{future::Future, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::{DeleteItemError, builders::DeleteItemFluentBuilder},
        put_item::PutItemError,
        update_item::UpdateItemError,
    },
    types::{
        ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
        error::ConditionalCheckFailedException,
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::StoreError,
    expression::Expression,
    item::{Item, from_item, to_item},
    key::Key,
    meter::Meter,
    operation::{DELETE_ITEM, GET_ITEM, PUT_ITEM, UPDATE_ITEM},
    retry::{Attempts, FailedAttempt},
    retry_budget::{RetryBudget, RetryQuota},
};

/// One DynamoDB table, with the meter and the retry limits of its caller.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) meter: Meter,
    budget: Arc<RetryBudget>,
    quota: Arc<RetryQuota>,
}

/// The consistency of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// Returns every write that was acknowledged before the read, for twice the read units.
    Strong,
    /// May miss writes of the last second or so.
    Eventual,
}

impl Consistency {
    pub(crate) const fn is_strong(self) -> bool {
        matches!(self, Self::Strong)
    }
}

/// The outcome of a conditional write.
#[derive(Debug)]
pub(crate) enum ConditionalWrite {
    /// The item is written. Holds the attributes that an update returns; empty for a put.
    Written(Item),
    /// The condition is false for this item, which is empty if it does not exist.
    ConditionFailed(Item),
}

impl Table {
    /// A table outside a request: each operation may take 15 seconds and retries without a limit.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
            meter: Meter::default(),
            budget: Arc::new(RetryBudget::per_operation()),
            quota: Arc::new(RetryQuota::full()),
        }
    }

    /// The same table for a request that starts now. `meter` counts its consumed capacity, and all of its operations share
    /// one budget of time and retries. The retry quota is the instance's.
    #[must_use]
    pub fn metered(&self, meter: &Meter) -> Self {
        Self { meter: meter.clone(), budget: Arc::new(RetryBudget::for_request()), ..self.clone() }
    }

    /// Writes one item unconditionally.
    pub(crate) async fn put(&self, key: Key, record: &impl Serialize) -> Result<(), StoreError> {
        let item = key.with(to_item(record, PUT_ITEM)?);
        self.put_next(|| ((), item.clone())).await
    }

    /// Writes one item unconditionally, each attempt the next one. Returns the value of the item that was written. Items of
    /// attempts that failed may be written, too.
    pub(crate) async fn put_next<T>(&self, mut next: impl FnMut() -> (T, Item)) -> Result<T, StoreError> {
        let mut attempts = self.attempts(PUT_ITEM, u32::MAX);
        loop {
            let (value, item) = next();
            let request = self
                .client
                .put_item()
                .table_name(&self.name)
                .set_item(Some(item))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            match attempts.send(Box::pin(request.send())).await {
                Ok(output) => {
                    self.meter.count_write(output.consumed_capacity());
                    return Ok(value);
                }
                Err(failed) => attempts.retry_after(failed).await?,
            }
        }
    }

    /// Writes one item if `condition` holds for the existing item.
    pub(crate) async fn put_if(
        &self,
        key: Key,
        record: &impl Serialize,
        condition: Expression,
    ) -> Result<ConditionalWrite, StoreError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(key.with(to_item(record, PUT_ITEM)?)))
            .condition_expression(condition.text)
            .set_expression_attribute_values(condition.values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match self.send(PUT_ITEM, || request.clone().send()).await {
            Ok(output) => {
                self.meter.count_write(output.consumed_capacity());
                Ok(ConditionalWrite::Written(Item::new()))
            }
            Err(failed) => condition_failed(failed, |error| match error {
                PutItemError::ConditionalCheckFailedException(failure) => Some(failure),
                _ => None,
            }),
        }
    }

    /// Reads one item.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        key: Key,
        consistency: Consistency,
    ) -> Result<Option<T>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.into_item()))
            .consistent_read(consistency.is_strong())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.send(GET_ITEM, || request.clone().send()).await?;
        self.meter.count_read(output.consumed_capacity());
        output.item.map(|item| from_item(item, GET_ITEM)).transpose()
    }

    /// Deletes one item if `condition` holds for it. A false condition is a success.
    pub(crate) async fn delete_if(&self, key: Key, condition: Expression) -> Result<(), StoreError> {
        let request = self.delete_request(key, condition);
        self.delete(request).await.map(|_| ())
    }

    /// Deletes one item if `condition` holds for it, and returns it; `None` if the condition is false.
    pub(crate) async fn delete_returning(
        &self,
        key: Key,
        condition: Expression,
    ) -> Result<Option<Item>, StoreError> {
        let request = self.delete_request(key, condition).return_values(ReturnValue::AllOld);
        self.delete(request).await
    }

    async fn delete(&self, request: DeleteItemFluentBuilder) -> Result<Option<Item>, StoreError> {
        match self.send(DELETE_ITEM, || request.clone().send()).await {
            Ok(output) => {
                self.meter.count_write(output.consumed_capacity());
                Ok(output.attributes)
            }
            Err(FailedAttempt {
                service: Some(DeleteItemError::ConditionalCheckFailedException(_)), ..
            }) => Ok(None),
            Err(failed) => Err(failed.into()),
        }
    }

    fn delete_request(&self, key: Key, condition: Expression) -> DeleteItemFluentBuilder {
        self.client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key.into_item()))
            .condition_expression(condition.text)
            .set_expression_attribute_values(condition.values)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Updates or creates one item if `condition` holds for the existing item, and returns the old values of the attributes that
    /// it set. `update` holds the values of both expressions.
    pub(crate) async fn update_if(
        &self,
        key: Key,
        update: Expression,
        condition: &'static str,
    ) -> Result<ConditionalWrite, StoreError> {
        self.update(key, update, Some(condition), ReturnValue::UpdatedOld).await
    }

    /// Updates or creates one item if `condition` holds for the existing item, and returns the item after the update.
    pub(crate) async fn update_returning(
        &self,
        key: Key,
        update: Expression,
        condition: Option<&'static str>,
    ) -> Result<ConditionalWrite, StoreError> {
        self.update(key, update, condition, ReturnValue::AllNew).await
    }

    async fn update(
        &self,
        key: Key,
        update: Expression,
        condition: Option<&'static str>,
        returned: ReturnValue,
    ) -> Result<ConditionalWrite, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.into_item()))
            .update_expression(update.text)
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(update.values)
            .return_values(returned)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match self.send(UPDATE_ITEM, || request.clone().send()).await {
            Ok(output) => {
                self.meter.count_write(output.consumed_capacity());
                Ok(ConditionalWrite::Written(output.attributes.unwrap_or_default()))
            }
            Err(failed) => condition_failed(failed, |error| match error {
                UpdateItemError::ConditionalCheckFailedException(failure) => Some(failure),
                _ => None,
            }),
        }
    }

    /// Sends an operation, and retries within the caller's limits.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub(crate) async fn send<T, E, F>(
        &self,
        operation: &'static str,
        attempt: impl Fn() -> F,
    ) -> Result<T, FailedAttempt<E>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut attempts = self.attempts(operation, u32::MAX);
        loop {
            match attempts.send(Box::pin(attempt())).await {
                Ok(output) => return Ok(output),
                Err(failed) => attempts.retry_after(failed).await?,
            }
        }
    }

    /// The attempts of an operation: at most one and `max_retries` retries, within the caller's limits.
    pub(crate) fn attempts(&self, operation: &'static str, max_retries: u32) -> Attempts<'_> {
        Attempts::new(operation, max_retries, &self.budget, &self.quota, &self.meter)
    }
}

/// [`ConditionalWrite::ConditionFailed`], or the error if the operation failed for another reason.
fn condition_failed<E>(
    failed: FailedAttempt<E>,
    as_condition_failure: impl FnOnce(E) -> Option<ConditionalCheckFailedException>,
) -> Result<ConditionalWrite, StoreError> {
    let FailedAttempt { error, service, .. } = failed;
    let failure = service.and_then(as_condition_failure).ok_or(error)?;
    Ok(ConditionalWrite::ConditionFailed(failure.item.unwrap_or_default()))
}

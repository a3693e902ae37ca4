//! Names of DynamoDB's operations, for errors and logs.

pub(crate) const BATCH_GET_ITEM: &str = "BatchGetItem";
pub(crate) const BATCH_WRITE_ITEM: &str = "BatchWriteItem";
pub(crate) const DELETE_ITEM: &str = "DeleteItem";
pub(crate) const GET_ITEM: &str = "GetItem";
pub(crate) const PUT_ITEM: &str = "PutItem";
pub(crate) const QUERY: &str = "Query";
pub(crate) const TRANSACT_WRITE_ITEMS: &str = "TransactWriteItems";
pub(crate) const UPDATE_ITEM: &str = "UpdateItem";

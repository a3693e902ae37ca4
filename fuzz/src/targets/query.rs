//! The query of a request. Oracle: integers and ids, read a second time.

use model::{
    AppId, BoundedText, ChatId, ClientId, PageSize, Parameter, Source,
    customer_service::{ChatLogQuery, FeedPageSize},
    platform::{InboxCursor, InboxQuery},
    push::StatusQuery,
};
use url::form_urlencoded;

use crate::limits::{assert_identifier, units};

pub fn run(bytes: &[u8]) {
    let pairs: Vec<_> = form_urlencoded::parse(bytes).into_owned().collect();
    // Of a repeated parameter the first counts.
    let value = |name: &str| pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let parameter = |name: &str| Parameter::from_query(value(name));

    let source = Source::parse(&parameter("source"));
    let number = source.clone().map(Source::number).map_err(|error| error.to_string());
    assert_eq!(number, integer("source", value("source"), 2_147_483_647).map(|number| number.unwrap_or(1)));
    let limits = [
        (PageSize::<100, 200>::parse(&parameter("limit")).map(PageSize::get), 200, 100),
        (FeedPageSize::parse(&parameter("limit")).map(PageSize::get), 1000, 1000),
    ];
    for (limit, max, default) in limits {
        let expected = integer("limit", value("limit"), max);
        let expected = expected.map(|limit| limit.map_or(default, |limit| limit as usize));
        assert_eq!(limit.map_err(|error| error.to_string()), expected);
    }
    assert_id(parameter("clientId").required::<ClientId>("clientId").ok(), value("clientId"), 64);
    if let Ok(query) = ChatLogQuery::parse(source.unwrap_or(Source::DEFAULT), parameter) {
        assert_id(Some(query.chat), value("openId"), 64);
    }
    if let Ok(query) = InboxQuery::parse(parameter) {
        assert_identifier(query.user.as_str(), 60);
        assert!(
            value("cursor").is_some_and(|cursor| !cursor.trim().is_empty())
                || query.from == InboxCursor::Start
        );
    }
    if let Ok(app) = AppId::parse("app")
        && let Ok(query) = StatusQuery::parse(&app, parameter)
    {
        assert_identifier(query.message.as_str(), 64);
        assert!((1..=1000).contains(&query.limit.get()));
    }
    assert_id(parameter("chatId").optional::<ChatId>("chatId").ok().flatten(), value("chatId"), 64);
}

/// The outcome of an integer between 1 and `max`.
fn integer(name: &str, value: Option<&str>, max: u32) -> Result<Option<u32>, String> {
    let Some(text) = value.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_digit()) {
        return Err(format!("{name}: must be an integer"));
    }
    let significant = digits.trim_start_matches('0');
    let number = if significant.len() > 10 { u64::MAX } else { significant.parse().unwrap_or(0) };
    match u32::try_from(number) {
        Ok(number) if (1..=max).contains(&number) && !text.starts_with('-') => Ok(Some(number)),
        _ => Err(format!("{name}: value must be between 1 and {max}")),
    }
}

/// Asserts that an id is accepted exactly if it is not blank and not too long, and then is the trimmed text.
fn assert_id<T: ToString>(id: Option<T>, text: Option<&str>, max: usize) {
    let expected = text.map(str::trim).filter(|text| !text.is_empty() && units(text) <= max);
    assert_eq!(id.map(|id| id.to_string()).as_deref(), expected);
}

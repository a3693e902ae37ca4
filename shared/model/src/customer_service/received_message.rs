//! A message for a user's chat: contract, "POST /chatbot/servlet/third/msg/receive".

use super::CustomerServiceError;
use crate::{AgentName, ChatId, Content, FileName, HttpUrl, JsonObject, MsgId, ParameterError};

/// A message from a third-party customer-service system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// `touser`.
    pub chat: ChatId,
    /// `fromuser`; optional for [`MessageBody::End`] and [`MessageBody::Evaluate`] only.
    pub from: Option<AgentName>,
    /// The fields of its type.
    pub body: MessageBody,
    /// `msgId`, which makes a retry safe.
    pub id: Option<MsgId>,
}

/// The body of a message, by `msgtype` and, for an event, `eventType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageBody {
    /// The robot hands over to the third-party system.
    Begin,
    /// The third-party system hands back to the robot.
    End,
    /// The page on which the user rates the service.
    Evaluate(HttpUrl),
    /// `text.content`.
    Text(Content),
    /// `image.image_url`.
    Image(HttpUrl),
    /// `file.file_name` and `file.file_url`.
    File(FileName, HttpUrl),
}

/// `msgtype`, and `eventType` of an event: they decide which other fields are required.
#[derive(Clone, Copy)]
enum Kind {
    Begin,
    End,
    Evaluate,
    Text,
    Image,
    File,
}

impl ReceivedMessage {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first in the contract's order: `touser`, `msgtype`, `eventType`, `fromuser`, the fields of the type, `msgId`; for
    /// each: present, type, limit, form.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, CustomerServiceError> {
        let chat = body.get("touser").required("touser")?;
        let kind = Kind::parse(body)?;
        let from = match kind {
            Kind::End | Kind::Evaluate => body.get("fromuser").optional("fromuser")?,
            Kind::Begin | Kind::Text | Kind::Image | Kind::File => {
                Some(body.get("fromuser").required("fromuser")?)
            }
        };
        let message = match kind {
            Kind::Begin => MessageBody::Begin,
            Kind::End => MessageBody::End,
            Kind::Evaluate => MessageBody::Evaluate(body.get("url").required("url")?),
            Kind::Text => {
                let text = body.object("text")?;
                MessageBody::Text(text.get("content").required("text.content")?)
            }
            Kind::Image => {
                let image = body.object("image")?;
                MessageBody::Image(image.get("image_url").required("image.image_url")?)
            }
            Kind::File => {
                let file = body.object("file")?;
                let name = file.get("file_name").required("file.file_name")?;
                MessageBody::File(name, file.get("file_url").required("file.file_url")?)
            }
        };
        let id = body.get("msgId").optional("msgId")?;
        Ok(Self { chat, from, body: message, id })
    }
}

impl Kind {
    fn parse(body: &JsonObject<'_>) -> Result<Self, CustomerServiceError> {
        match body.get("msgtype").word("msgtype")?.as_str() {
            "event" => match body.get("eventType").word("eventType")?.as_str() {
                "begin" => Ok(Self::Begin),
                "end" => Ok(Self::End),
                _ => Err(ParameterError::NotOneOf("eventType", "begin, end").into()),
            },
            "evaluate" => Ok(Self::Evaluate),
            "text" => Ok(Self::Text),
            "image" => Ok(Self::Image),
            "file" => Ok(Self::File),
            _ => Err(CustomerServiceError::InvalidMsgtype),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedText;

    fn parse(body: &str) -> Result<ReceivedMessage, String> {
        ReceivedMessage::parse(&JsonObject::from_body(body.as_bytes()).unwrap())
            .map_err(|error| error.to_string())
    }

    fn missing(name: &str) -> Result<ReceivedMessage, String> {
        Err(format!("Required parameter '{name}' is not present"))
    }

    #[test]
    fn fields_are_checked_in_the_order_of_the_contract() {
        assert_eq!(parse("{}"), missing("touser"));
        assert_eq!(parse(r#"{"touser":"c"}"#), missing("msgtype"));
        assert_eq!(parse(r#"{"touser":"c","msgtype":"event"}"#), missing("eventType"));
        assert_eq!(parse(r#"{"touser":"c","msgtype":"event","eventType":"begin"}"#), missing("fromuser"));
        assert_eq!(parse(r#"{"touser":"c","msgtype":"text"}"#), missing("fromuser"));
        assert_eq!(parse(r#"{"touser":"c","msgtype":"text","fromuser":"a"}"#), missing("text.content"));
        assert_eq!(parse(r#"{"touser":"c","msgtype":"image","fromuser":"a"}"#), missing("image.image_url"));
        assert_eq!(parse(r#"{"touser":"c","msgtype":"file","fromuser":"a"}"#), missing("file.file_name"));
        assert_eq!(
            parse(r#"{"touser":"c","msgtype":"file","fromuser":"a","file":{"file_name":"n"}}"#),
            missing("file.file_url")
        );
        assert_eq!(parse(r#"{"touser":"c","msgtype":"evaluate"}"#), missing("url"));
    }

    #[test]
    fn msgtype_is_case_sensitive_and_trimmed() {
        assert_eq!(parse(r#"{"touser":"c","msgtype":"Text"}"#), Err("invalid msgtype".into()));
        assert_eq!(parse(r#"{"touser":"c","msgtype":7}"#), Err("invalid msgtype".into()));
        assert_eq!(parse(r#"{"touser":"c","msgtype":[]}"#), Err("msgtype: must be a string".into()));
        assert_eq!(
            parse(r#"{"touser":" c ","msgtype":" event ","eventType":" end ","fromuser":" "}"#),
            Ok(ReceivedMessage {
                chat: ChatId::parse("c").unwrap(),
                from: None,
                body: MessageBody::End,
                id: None
            })
        );
        assert_eq!(
            parse(r#"{"touser":"c","msgtype":"event","eventType":"Begin"}"#),
            Err("eventType: must be one of [begin, end]".into())
        );
    }

    #[test]
    fn what_should_be_an_object_and_is_not_is_named() {
        for value in [r#""x""#, "1", "1.5", "[]", "true"] {
            assert_eq!(
                parse(&format!(r#"{{"touser":"c","msgtype":"text","fromuser":"a","text":{value}}}"#)),
                Err("text: must be an object".into())
            );
        }
        for value in ["null", r#""""#, r#"" ""#, "{}"] {
            assert_eq!(
                parse(&format!(r#"{{"touser":"c","msgtype":"text","fromuser":"a","text":{value}}}"#)),
                missing("text.content")
            );
        }
    }

    #[test]
    fn an_optional_name_keeps_its_rules() {
        assert_eq!(
            parse(&format!(r#"{{"touser":"c","msgtype":"evaluate","fromuser":"{}"}}"#, "x".repeat(65))),
            Err("fromuser: length exceeds the max value [64]".into())
        );
    }
}

//! A message of the user in a chat.

use crate::{
    ChatId, ClientId, Content, FileName, HttpUrl, JsonObject, ParameterError, Source, UserMessageId,
};

/// A message of the user, or an event that the user raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserMessage {
    /// `source`: the third-party system that reads the message.
    pub source: Source,
    /// `chatId`.
    pub chat: ChatId,
    /// `messageId`, which makes a retry safe for 24 hours.
    pub id: UserMessageId,
    /// `clientId`: the user, as `user/info/get` knows them.
    pub client: Option<ClientId>,
    /// The fields of its type.
    pub body: UserMessageBody,
}

/// The body of a user's message, by `msgtype` and, for an event, `eventType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserMessageBody {
    /// The user asks for a human.
    Request,
    /// The user leaves.
    Close,
    /// `text.content`.
    Text(Content),
    /// `image.image_url`.
    Image(HttpUrl),
    /// `file.file_name` and `file.file_url`.
    File(FileName, HttpUrl),
}

impl UserMessage {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first that applies: `source`, `chatId`, `messageId`, `clientId`, `msgtype`, `eventType`, the fields of the type.
    pub fn parse(body: &JsonObject<'_>) -> Result<Self, ParameterError> {
        let source = Source::parse(&body.get("source"))?;
        let chat = body.get("chatId").required("chatId")?;
        let id = body.get("messageId").required("messageId")?;
        let client = body.get("clientId").optional("clientId")?;
        Ok(Self { source, chat, id, client, body: UserMessageBody::parse(body)? })
    }
}

impl UserMessageBody {
    fn parse(body: &JsonObject<'_>) -> Result<Self, ParameterError> {
        match body.get("msgtype").word("msgtype")?.as_str() {
            "event" => match body.get("eventType").word("eventType")?.as_str() {
                "request" => Ok(Self::Request),
                "close" => Ok(Self::Close),
                _ => Err(ParameterError::NotOneOf("eventType", "request, close")),
            },
            "text" => Ok(Self::Text(body.object("text")?.get("content").required("text.content")?)),
            "image" => Ok(Self::Image(body.object("image")?.get("image_url").required("image.image_url")?)),
            "file" => {
                let file = body.object("file")?;
                let name = file.get("file_name").required("file.file_name")?;
                Ok(Self::File(name, file.get("file_url").required("file.file_url")?))
            }
            _ => Err(ParameterError::NotOneOf("msgtype", "text, image, file, event")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::BoundedText;

    fn parse(body: &serde_json::Value) -> Result<UserMessage, String> {
        let body = body.to_string();
        UserMessage::parse(&JsonObject::from_body(body.as_bytes()).unwrap())
            .map_err(|error| error.to_string())
    }

    fn missing(name: &str) -> Result<UserMessage, String> {
        Err(format!("Required parameter '{name}' is not present"))
    }

    #[test]
    fn fields_are_checked_in_their_order() {
        assert_eq!(parse(&json!({"source": "x"})), Err("source: must be an integer".to_owned()));
        assert_eq!(parse(&json!({})), missing("chatId"));
        assert_eq!(parse(&json!({"chatId": "c"})), missing("messageId"));
        let long = "x".repeat(65);
        let body = json!({"chatId": "c", "messageId": "m", "clientId": long});
        assert_eq!(parse(&body), Err("clientId: length exceeds the max value [64]".to_owned()));
        assert_eq!(parse(&json!({"chatId": "c", "messageId": "m"})), missing("msgtype"));
        for (fields, field) in [
            (json!({"msgtype": "event"}), "eventType"),
            (json!({"msgtype": "text"}), "text.content"),
            (json!({"msgtype": "image", "image": {}}), "image.image_url"),
            (json!({"msgtype": "file"}), "file.file_name"),
            (json!({"msgtype": "file", "file": {"file_name": "n"}}), "file.file_url"),
        ] {
            let mut body = json!({"chatId": "c", "messageId": "m"});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            assert_eq!(parse(&body), missing(field));
        }
    }

    #[test]
    fn the_words_of_agents_are_not_those_of_users() {
        let of = |msgtype: &str, event: &str| {
            parse(&json!({"chatId": "c", "messageId": "m", "msgtype": msgtype, "eventType": event}))
        };
        assert_eq!(of(" event ", " request ").unwrap().body, UserMessageBody::Request);
        assert_eq!(of("event", "close").unwrap().body, UserMessageBody::Close);
        for event in ["begin", "end", "Request"] {
            assert_eq!(
                of("event", event),
                Err("eventType: must be one of [request, close]".to_owned()),
                "{event}"
            );
        }
        for msgtype in ["evaluate", "Text", "voice"] {
            let error = "msgtype: must be one of [text, image, file, event]";
            assert_eq!(of(msgtype, "request"), Err(error.to_owned()), "{msgtype}");
        }
    }

    #[test]
    fn a_text_is_kept_to_the_byte_and_ids_are_trimmed() {
        let body = json!({
            "chatId": " c ", "messageId": 9_007_199_254_740_993_u64, "clientId": " ", "source": 2, "msgtype": "text",
            "text": {"content": " 好😀 "},
        });
        let message = parse(&body).unwrap();
        assert_eq!(message.body, UserMessageBody::Text(Content::parse(" 好😀 ").unwrap()));
        assert_eq!((message.chat.as_str(), message.id.as_str()), ("c", "9007199254740993"));
        assert_eq!((message.client, message.source.number()), (None, 2));
    }
}

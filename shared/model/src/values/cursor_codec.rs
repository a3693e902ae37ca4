//! The text form of cursors: opaque to the caller, and unusable once altered.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{Parameter, ParameterError};

/// Bytes of the checksum: enough to detect every accident and casual tampering.
const CHECKSUM_LENGTH: usize = 8;

/// Encodes and decodes the cursors of one list.
///
/// The text is base64url of a checksum and the position. The checksum covers the list too, so that a cursor is valid for
/// its own list alone. It needs no secret: a cursor gives no access, since the list comes from the request and is checked
/// like any other parameter.
#[derive(Debug)]
pub struct CursorCodec<'a> {
    list: [&'a str; 3],
}

impl<'a> CursorCodec<'a> {
    /// The codec of the list with this identity: its kind, and whose it is.
    #[must_use]
    pub const fn new(list: [&'a str; 3]) -> Self {
        Self { list }
    }

    /// The text of a position in this list.
    #[must_use]
    pub fn encode(&self, position: impl AsRef<[u8]>) -> String {
        let position = position.as_ref();
        BASE64_URL_SAFE_NO_PAD.encode([&self.checksum(position), position].concat())
    }

    /// Reads a parameter that holds a cursor of this list.
    ///
    /// # Errors
    /// [`ParameterError::InvalidCursor`] if it was altered or was issued for another list.
    pub fn decode(&self, parameter: &Parameter<'_>) -> Result<Option<Vec<u8>>, ParameterError> {
        let Some(text) = parameter.text().map_err(|_| ParameterError::InvalidCursor)? else {
            return Ok(None);
        };
        self.decode_text(&text).map(Some).ok_or(ParameterError::InvalidCursor)
    }

    /// The position in this list; `None` if the text was altered or was issued for another list.
    #[must_use]
    pub fn decode_text(&self, text: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (checksum, position) = bytes.split_first_chunk()?;
        (*checksum == self.checksum(position)).then(|| position.to_vec())
    }

    fn checksum(&self, position: &[u8]) -> [u8; CHECKSUM_LENGTH] {
        let parts = self.list.iter().map(|part| part.as_bytes()).chain([position]);
        // The length before each part keeps different parts from running together to the same bytes.
        let digest = parts.fold(Sha256::new(), |digest, part| {
            digest.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
        });
        let mut checksum = [0; CHECKSUM_LENGTH];
        checksum.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
        checksum
    }
}

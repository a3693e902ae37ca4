//! Cursors as callers get them: a text that says where to go on, which only we can read and nobody can alter unnoticed.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{Parameter, ParameterError};

/// How many bytes of checksum a cursor carries: enough that no accident and no idle tampering goes unnoticed.
const CHECKSUM_LENGTH: usize = 8;

/// What the cursors of one list have in common: what the list is of.
///
/// A cursor is the place behind a checksum over both. The checksum is no secret and needs none: a cursor gives no
/// access, since what the list is of comes from the request, checked like any other.
pub(crate) struct CursorCodec<'a> {
    list: [&'a str; 3],
}

impl<'a> CursorCodec<'a> {
    /// Cursors of the list that these parts identify: what kind of list it is, and whose.
    pub(crate) const fn of(list: [&'a str; 3]) -> Self {
        Self { list }
    }

    /// The text for a place in this list.
    pub(crate) fn issue(&self, place: impl AsRef<[u8]>) -> String {
        let place = place.as_ref();
        BASE64_URL_SAFE_NO_PAD.encode([&self.checksum(place), place].concat())
    }

    /// Reads the place in this list that a parameter says.
    ///
    /// # Errors
    /// [`ParameterError::InvalidCursor`] if it was altered or was issued for another list.
    pub(crate) fn read(&self, parameter: &Parameter<'_>) -> Result<Option<Vec<u8>>, ParameterError> {
        let Some(text) = parameter.text().map_err(|_| ParameterError::InvalidCursor)? else {
            return Ok(None);
        };
        self.read_value(&text).map(Some).ok_or(ParameterError::InvalidCursor)
    }

    /// Reads the place in this list that a text says; `None` if it was altered or was issued for another list.
    pub(crate) fn read_value(&self, text: &str) -> Option<Vec<u8>> {
        let (claimed, place) = decode(text)?;
        (claimed == self.checksum(&place)).then_some(place)
    }

    /// The same where a place is text.
    ///
    /// # Errors
    /// [`ParameterError::InvalidCursor`] likewise.
    pub(crate) fn read_text(&self, parameter: &Parameter<'_>) -> Result<Option<String>, ParameterError> {
        let place = self.read(parameter)?.map(String::from_utf8);
        place.transpose().map_err(|_| ParameterError::InvalidCursor)
    }

    fn checksum(&self, place: &[u8]) -> [u8; CHECKSUM_LENGTH] {
        let parts = self.list.iter().map(|part| part.as_bytes()).chain([place]);
        // With the length before each part, no other parts run together to the same bytes.
        let digest = parts.fold(Sha256::new(), |digest, part| {
            digest.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
        });
        let mut checksum = [0; CHECKSUM_LENGTH];
        checksum.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
        checksum
    }
}

fn decode(text: &str) -> Option<([u8; CHECKSUM_LENGTH], Vec<u8>)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (checksum, place) = bytes.split_first_chunk()?;
    Some((*checksum, place.to_vec()))
}

//! A body that is sent in parts, as over a slow connection.

use std::{convert::Infallible, num::NonZeroUsize, time::Duration};

use aws_smithy_types::body::SdkBody;
use futures_util::{StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;

/// `bytes` in at most `parts` parts of equal size, with a pause before each but the first.
pub(super) fn body(bytes: &[u8], parts: NonZeroUsize, pause: Duration) -> SdkBody {
    let size = bytes.len().div_ceil(parts.get()).max(1);
    let parts: Vec<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
    let frames = stream::iter(parts).enumerate().then(move |(index, part)| async move {
        if index > 0 {
            tokio::time::sleep(pause).await;
        }
        Ok::<_, Infallible>(Frame::data(part.into()))
    });
    SdkBody::from_body_1_x(StreamBody::new(frames))
}

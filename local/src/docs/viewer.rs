//! Swagger UI, from the archive in its crate.

use std::{
    borrow::Cow,
    io::{Cursor, Error, Read, Result},
};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// The files that the page needs, and the license texts that must accompany them.
pub(super) const NAMES: [&str; 5] = [
    "swagger-ui-bundle.js",
    "swagger-ui.css",
    "favicon-32x32.png",
    "swagger-ui-license.txt",
    "swagger-ui-notice.txt",
];

/// # Errors
/// The archive cannot be read, or has no such file.
pub(super) fn read(name: &str) -> Result<Vec<u8>> {
    // Paths in the archive begin with the version.
    let end = match name {
        "swagger-ui-license.txt" => "/LICENSE".to_owned(),
        "swagger-ui-notice.txt" => "/NOTICE".to_owned(),
        name => format!("/dist/{name}"),
    };
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).map_err(Error::other)?;
    let path = archive
        .file_names()
        .filter_map(|path| path.ok().map(Cow::into_owned))
        .find(|path| path.ends_with(&end));
    let path = path.unwrap_or(end);
    let mut content = Vec::new();
    archive.by_name(&path).map_err(Error::other)?.read_to_end(&mut content)?;
    Ok(content)
}

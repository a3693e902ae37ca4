//! Swagger UI, out of the archive that its crate brings.

use std::{
    borrow::Cow,
    io::{Cursor, Error, Read, Result},
};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// What the page needs of it, and what whoever hands it on has to add.
pub(super) const NAMES: [&str; 5] = [
    "swagger-ui-bundle.js",
    "swagger-ui.css",
    "favicon-32x32.png",
    "swagger-ui-license.txt",
    "swagger-ui-notice.txt",
];

/// One of these files.
///
/// # Errors
/// That the archive cannot be read, or has no such file.
pub(super) fn read(name: &str) -> Result<Vec<u8>> {
    // How its path ends in the archive, which begins with the version.
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

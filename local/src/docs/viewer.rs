//! Swagger UI, out of the archive that its crate brings.

use std::{
    borrow::Cow,
    io::{Cursor, Error, Read, Result},
};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use super::File;

/// What the page needs of it, and what whoever hands it on has to add: where it ends in the archive, and its name here.
const PARTS: [(&str, &str); 5] = [
    ("/dist/swagger-ui-bundle.js", "swagger-ui-bundle.js"),
    ("/dist/swagger-ui.css", "swagger-ui.css"),
    ("/dist/favicon-32x32.png", "favicon-32x32.png"),
    ("/LICENSE", "swagger-ui-license.txt"),
    ("/NOTICE", "swagger-ui-notice.txt"),
];

/// The viewer's files.
///
/// # Errors
/// That the archive cannot be read, or has no such file.
pub(super) fn files() -> Result<Vec<File>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).map_err(Error::other)?;
    let paths: Vec<_> = archive.file_names().filter_map(|path| path.ok().map(Cow::into_owned)).collect();
    let read = |(end, name)| {
        let path = paths.iter().find(|path| path.ends_with(end)).map_or(end, String::as_str);
        let mut content = Vec::new();
        archive.by_name(path).map_err(Error::other)?.read_to_end(&mut content)?;
        Ok(File { name, content })
    };
    PARTS.into_iter().map(read).collect()
}

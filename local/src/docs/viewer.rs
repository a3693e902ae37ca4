//! Swagger UI, out of the archive that its crate brings.

use std::io::{Cursor, Error, Read, Result};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use super::File;

/// What the page needs of it.
const NAMES: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];

/// The viewer's files.
///
/// # Errors
/// That the archive cannot be read, or has no such file.
pub(super) fn files() -> Result<Vec<File>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).map_err(Error::other)?;
    let paths: Vec<_> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let find = |name: &'static str| {
        let path = paths.iter().find(|path| path.ends_with(&format!("/dist/{name}")));
        let mut content = Vec::new();
        archive
            .by_name(path.map_or(name, String::as_str))
            .map_err(Error::other)?
            .read_to_end(&mut content)?;
        Ok(File { name, content })
    };
    NAMES.into_iter().map(find).collect()
}

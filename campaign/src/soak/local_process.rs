//! `local` in a process of its own, with its data in a file.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::{Child, Command};

/// The tries, one each 100 ms, to read the addresses that `local` prints when it is ready.
const TRIES: u32 = 300;

pub(crate) struct LocalProcess {
    /// The base URL of all APIs.
    pub(crate) url: String,
    pub(crate) dynamodb_url: String,
    /// The process id.
    pub(crate) id: u32,
    child: Child,
}

impl LocalProcess {
    /// Starts `program` on free ports, with its data and its log in `folder`.
    ///
    /// # Errors
    /// It is missing, or does not start.
    pub(crate) async fn start(program: &Path, folder: &Path) -> io::Result<Self> {
        let log = folder.join("local.log");
        let mut child = Command::new(program)
            .args(["--port", "0", "--dynamodb-port", "0", "--data"])
            .arg(folder.join("local"))
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| io::Error::other(format!("{}: {error}", program.display())))?;
        let id = child.id().ok_or_else(|| io::Error::other("local ended"))?;
        for _ in 0..TRIES {
            if let Some((url, dynamodb_url)) = addresses(&fs::read_to_string(&log)?) {
                return Ok(Self { url, dynamodb_url, id, child });
            }
            if let Some(status) = child.try_wait()? {
                return Err(io::Error::other(format!("local ended: {status}")));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(io::Error::other("local does not print its addresses"))
    }

    /// # Errors
    /// The process cannot be asked.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

/// The URLs of the APIs and of DynamoDB in the first line that `local` prints.
fn addresses(output: &str) -> Option<(String, String)> {
    let line = output.lines().find_map(|line| line.strip_prefix("The APIs listen on "))?;
    let (url, rest) = line.split_once(", DynamoDB on ")?;
    let (dynamodb_url, _) = rest.split_once(". ")?;
    Some((url.to_owned(), dynamodb_url.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_in_the_line_that_local_prints() {
        let line =
            "The APIs listen on http://127.0.0.1:1, DynamoDB on http://127.0.0.1:2. Ctrl-C ends both.\n";
        let urls = ("http://127.0.0.1:1".to_owned(), "http://127.0.0.1:2".to_owned());
        assert_eq!(addresses(line), Some(urls));
        assert_eq!(addresses("The APIs"), None);
    }
}

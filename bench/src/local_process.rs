//! `local` in a process of its own.

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::{Child, Command};

/// The tries, one each 100 ms, to read the addresses that `local` prints when it is ready.
const TRIES: u32 = 300;

/// The data of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    Memory,
    /// In a file of the process's folder.
    File,
}

#[derive(Debug)]
pub struct LocalProcess {
    /// The base URL of all APIs.
    pub url: String,
    pub dynamodb_url: String,
    /// The process id.
    pub id: u32,
    child: Child,
}

impl LocalProcess {
    /// The program `local` next to this program.
    ///
    /// # Errors
    /// The path of this program is not known.
    pub fn program() -> io::Result<PathBuf> {
        Ok(env::current_exe()?.with_file_name("local"))
    }

    /// Starts `program` on free ports, with its log in `folder`.
    ///
    /// # Errors
    /// It is missing, or does not start.
    pub async fn start(program: &Path, folder: &Path, data: Data) -> io::Result<Self> {
        let log = folder.join("local.log");
        let mut command = Command::new(program);
        command.args(["--port", "0", "--dynamodb-port", "0"]);
        if data == Data::File {
            command.arg("--data").arg(folder.join("local"));
        }
        let mut child = command
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
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Ends the process, and waits for its end.
    ///
    /// # Errors
    /// The process cannot be killed.
    pub async fn end(mut self) -> io::Result<()> {
        self.child.kill().await
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

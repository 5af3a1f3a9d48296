//! Labs for tests: named after the test process, and gone when the test ends however it ends.

use rrecover::lab::{Lab, Spec};
use std::ops::{Deref, DerefMut};
use tempfile::TempDir;

/// A lab that is taken down on drop.
pub(crate) struct TestLab {
    lab: Lab,
    _directory: TempDir,
}

/// Boots `spec` under a name that no other test process uses.
pub(crate) async fn boot(tag: &str, spec: Spec) -> TestLab {
    let directory = tempfile::tempdir().unwrap();
    let name = format!("test-{tag}-{}", std::process::id());
    let spec = Spec { name, directory: Some(directory.path().join("lab")), ..spec };
    TestLab { lab: Lab::up(spec).await.unwrap(), _directory: directory }
}

impl Deref for TestLab {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl DerefMut for TestLab {
    fn deref_mut(&mut self) -> &mut Lab {
        &mut self.lab
    }
}

impl Drop for TestLab {
    fn drop(&mut self) {
        let name = self.lab.name().to_owned();
        // The test's own runtime may be the one that is panicking.
        let down = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(Lab::remove(&name))
        });
        let removed = down.join();
        if !std::thread::panicking() {
            removed.unwrap().unwrap();
        }
    }
}

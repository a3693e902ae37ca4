//! The certificate of the stub, and a bundle of trusted certificates that includes its authority.

use std::{fs, io, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// The bundles of trusted certificates of Debian and of Amazon Linux.
const BUNDLES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// A server certificate for `localhost`, and the bundle for its clients.
pub struct Certificate {
    pub acceptor: TlsAcceptor,
    /// The machine's own bundle plus our authority: as large as the bundle that a function reads on Lambda.
    pub bundle: PathBuf,
    _folder: TempDir,
}

impl Certificate {
    /// Makes an authority and a certificate signed by it.
    ///
    /// # Errors
    /// The machine has none of the [`BUNDLES`], or the disk is full.
    pub fn make() -> io::Result<Self> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let authority = CertifiedIssuer::self_signed(authority, key).map_err(io::Error::other)?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let shown = CertificateParams::new(["localhost".to_owned()])
            .and_then(|params| params.signed_by(&key, &authority))
            .map_err(io::Error::other)?;

        let trusted = BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok());
        let trusted = trusted.ok_or_else(|| io::Error::other(format!("none of {BUNDLES:?} is here")))?;
        let folder = tempfile::tempdir()?;
        let bundle = folder.path().join("bundle.pem");
        fs::write(&bundle, trusted + &authority.pem())?;

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![shown.der().clone()], key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), bundle, _folder: folder })
    }
}

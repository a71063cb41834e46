// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! TLS for mail servers, with rustls and ring: as strict or as lenient as Python's `ssl`, with which NS8 checks a mail
//! server.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use tokio_rustls::TlsConnector;

/// A connector that checks the server's certificate, or does not.
///
/// Whom to trust is read from the machine each time: certificates are renewed while the service runs.
///
/// # Errors
/// Nobody is trusted here, so that nothing can be checked.
pub fn connector(verify: bool) -> Result<TlsConnector, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match verify {
        true => Arc::new(Trusting::new(trusted(), &provider)?),
        false => Arc::new(Unchecked),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The image's own bundle, and the node's, which the unit mounts.
const BUNDLES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/node-ca.pem"];

/// All certificates that are trusted here: those of the bundles, and what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
fn trusted() -> Vec<CertificateDer<'static>> {
    let mut found = rustls_native_certs::load_native_certs();
    for bundle in BUNDLES.map(std::path::Path::new) {
        if bundle.metadata().is_ok_and(|file| file.len() > 0) {
            let more = rustls_native_certs::load_certs_from_paths(Some(bundle), None);
            found.certs.extend(more.certs);
            found.errors.extend(more.errors);
        }
    }
    for error in &found.errors {
        tracing::warn!(%error, "some certificates can't be read");
    }
    found.certs
}

/// The name in the server's certificate. An address is none, but has its own place in certificates.
///
/// # Errors
/// It is neither.
pub fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    let name = super::envelope::ascii_domain(host)?;
    let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
    ServerName::try_from(name).map_err(|_| format!("{host} is no name that a certificate can have"))
}

/// Why TLS did not come about.
pub fn reason(error: &io::Error) -> String {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                "the server has closed the connection in the TLS handshake".into()
            }
            _ => error.to_string(),
        };
    };
    match cause {
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => "the server does not speak TLS here: the port is for plain text, or for STARTTLS \
             (SMTP_ENCRYPTION=none or starttls)"
            .into(),
        Error::InvalidCertificate(problem) => {
            let problem = match problem {
                CertificateError::UnknownIssuer => "nobody who is trusted here has signed it".into(),
                CertificateError::Other(OtherError(cause)) => cause.to_string(),
                other => other.to_string(),
            };
            format!("the server's certificate is not accepted: {problem}")
        }
        other => other.to_string(),
    }
}

/// Checks certificates as webpki does, and takes two things more that OpenSSL takes.
#[derive(Debug)]
struct Trusting {
    roots: Vec<CertificateDer<'static>>,
    webpki: Arc<WebPkiServerVerifier>,
}

impl Trusting {
    fn new(roots: Vec<CertificateDer<'static>>, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
            .build()
            .map_err(|_| "this machine trusts no certificate, so that none can be checked".to_owned())?;
        Ok(Self { roots, webpki })
    }
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let result =
            self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match &result {
            // A self-signed certificate as `openssl req -x509` makes it calls itself a CA. It is trusted if it is one of
            // those that are. webpki sees this after the dates and before the name.
            Err(Error::InvalidCertificate(CertificateError::Other(OtherError(cause))))
                if matches!(cause.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
                    && self.roots.iter().any(|root| root.as_ref() == end_entity.as_ref()) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            // Private CAs still issue certificates whose only name is the subject's, which OpenSSL takes where there is
            // no other. webpki sees this last.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if is_named_by_subject(end_entity, server_name) => Ok(ServerCertVerified::assertion()),
            _ => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Whether the subject's common name is this name, and the certificate has no alternative names.
fn is_named_by_subject(certificate: &CertificateDer<'_>, server_name: &ServerName<'_>) -> bool {
    let (Ok(certificate), ServerName::DnsName(wanted)) =
        (webpki::EndEntityCert::try_from(certificate), server_name)
    else {
        return false;
    };
    certificate.valid_dns_names().next().is_none()
        && common_name(certificate.subject()).is_some_and(|name| is_same_name(name, wanted.as_ref()))
}

/// The common name within a subject, a `Name` in DER: its object identifier 2.5.4.3, then a string with its length. A
/// longer one than 127 bytes is no host's.
fn common_name(subject: &[u8]) -> Option<&str> {
    const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
    const STRINGS: [u8; 3] = [0x0c, 0x13, 0x16];
    let place = subject.windows(COMMON_NAME.len()).position(|bytes| bytes == COMMON_NAME)?;
    match &subject[place + COMMON_NAME.len()..] {
        [tag, length @ 0..=127, name @ ..] if STRINGS.contains(tag) => {
            str::from_utf8(name.get(..usize::from(*length))?).ok()
        }
        _ => None,
    }
}

/// Whether a certificate's name, which may begin with `*.`, is this host's.
fn is_same_name(name: &str, host: &str) -> bool {
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((_, of_host))) => domain.contains('.') && domain.eq_ignore_ascii_case(of_host),
        _ => name.eq_ignore_ascii_case(host),
    }
}

/// Takes any certificate without looking at it: whoever switched checking off has one that webpki can't even read, such
/// as X.509 v1 or a key of 1024 bits. The proof that the server has its key is worth nothing, then.
#[derive(Debug)]
struct Unchecked;

/// What servers may sign with. All that there is, as nothing is checked.
static ANY_SCHEME: LazyLock<Vec<SignatureScheme>> = LazyLock::new(|| {
    use SignatureScheme as S;
    vec![
        S::ECDSA_NISTP256_SHA256,
        S::ECDSA_NISTP384_SHA384,
        S::ECDSA_NISTP521_SHA512,
        S::ED25519,
        S::ED448,
        S::RSA_PSS_SHA256,
        S::RSA_PSS_SHA384,
        S::RSA_PSS_SHA512,
        S::RSA_PKCS1_SHA256,
        S::RSA_PKCS1_SHA384,
        S::RSA_PKCS1_SHA512,
        S::ECDSA_SHA1_Legacy,
        S::RSA_PKCS1_SHA1,
    ]
});

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ANY_SCHEME.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_name_is_read_and_compared() {
        let subject =
            [&[0x31, 0x16, 0x30, 0x14, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x0d][..], b"*.example.org"]
                .concat();
        assert_eq!(common_name(&subject), Some("*.example.org"));
        assert_eq!(common_name(&subject[..12]), None);
        assert!(is_same_name("*.example.org", "MX.example.org"));
        for (name, host) in [
            ("*.example.org", "example.org"),
            ("*.org", "example.org"),
            ("*.example.org", "a.b.example.org"),
            ("*", "mx"),
        ] {
            assert!(!is_same_name(name, host), "{name} {host}");
        }
    }

    #[test]
    fn hosts_have_names_that_certificates_can_have() {
        for host in ["mail.b\u{fc}cher.example", "localhost.", "192.0.2.1", "::1"] {
            server_name(host).unwrap();
        }
        assert!(server_name("no host").is_err());
    }
}

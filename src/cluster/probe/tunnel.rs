//! etcd's gRPC through the SSH connection: no process on the host, no port opened anywhere.

use super::access::AccessError;
use super::credentials::Credentials;
use crate::cluster::etcd_json::alarm_in_error;
use crate::cluster::status::{Member, MemberView};
use crate::transport::{BoxStream, Connection};
use etcd_client::{Channel, Client};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Uri};

/// What a member is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Questions {
    /// Its status.
    Status,
    /// Its status and its member list.
    Members,
    /// Both, and a linearizable read, which waits for its deadline when there is no quorum.
    All,
}

/// A key that nobody writes: the read shows that the quorum answers, not what is stored.
const READ_KEY: &str = "rrecover-probe";

/// Asks the member behind `url`. Connecting and all questions together may take `deadline`.
pub(super) async fn ask(
    connection: &dyn Connection,
    url: &str,
    credentials: Option<&Credentials>,
    questions: Questions,
    deadline: Duration,
) -> Result<MemberView, AccessError> {
    let until = Instant::now() + deadline;
    let late = |_| AccessError::Deadline { url: url.to_owned(), deadline };
    let client = timeout_at(until, connect(connection, url, credentials)).await.map_err(late)??;
    let mut asked = client.clone();
    let (status, members, read) = tokio::join!(
        timeout_at(until, asked.status()),
        members(client.clone(), questions != Questions::Status, until),
        linearizable_read(client, questions == Questions::All, until),
    );
    let status = status.map_err(late)?.map_err(|error| refused(url, &error))?;
    Ok(MemberView { members, linearizable_read: read, ..view(&status) })
}

/// `member list` with `linearizable: false`, which etcd answers from its own memory.
async fn members(mut client: Client, wanted: bool, until: Instant) -> Option<Vec<Member>> {
    if !wanted {
        return None;
    }
    let list = timeout_at(until, client.member_list()).await.ok()?.ok()?;
    Some(list.members().iter().map(member).collect())
}

async fn linearizable_read(mut client: Client, wanted: bool, until: Instant) -> bool {
    if !wanted {
        return false;
    }
    match timeout_at(until, client.get(READ_KEY, None)).await {
        Ok(Ok(_)) => true,
        // Whether we may read is looked at after the quorum has answered; etcdctl sees it so too.
        Ok(Err(etcd_client::Error::GRpcStatus(status))) => {
            status.code() == tonic::Code::PermissionDenied
        }
        _ => false,
    }
}

fn view(status: &etcd_client::StatusResponse) -> MemberView {
    let header = status.header();
    MemberView {
        cluster_id: header.map_or(0, etcd_client::ResponseHeader::cluster_id),
        member_id: header.map_or(0, etcd_client::ResponseHeader::member_id),
        members: None,
        leader: Some(status.leader()).filter(|leader| *leader != 0),
        raft_term: status.raft_term(),
        raft_index: status.raft_index(),
        raft_applied_index: status.raft_applied_index(),
        revision: header.map_or(0, etcd_client::ResponseHeader::revision),
        db_size: status.db_size(),
        version: status.version().to_owned(),
        learner: status.is_learner(),
        linearizable_read: false,
        // `alarm list` would write to the raft log and wait for the quorum; status knows them too.
        alarms: status.errors().iter().filter_map(|error| alarm_in_error(error)).collect(),
        errors: status.errors().to_vec(),
    }
}

fn member(member: &etcd_client::Member) -> Member {
    Member {
        id: member.id(),
        name: member.name().to_owned(),
        peer_urls: member.peer_urls().to_vec(),
        client_urls: member.client_urls().to_vec(),
        learner: member.is_learner(),
    }
}

/// A client whose only connection is a tunnel from the host to the member.
async fn connect(
    connection: &dyn Connection,
    url: &str,
    credentials: Option<&Credentials>,
) -> Result<Client, AccessError> {
    let no_url = || AccessError::Url { url: url.to_owned() };
    let uri: Uri = url.parse().map_err(|_| no_url())?;
    let address = uri.host().ok_or_else(no_url)?.trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().ok_or_else(no_url)?;
    let handshake = |error: &dyn Error| AccessError::Handshake {
        url: url.to_owned(),
        reason: with_causes(error),
    };
    let is_tls = uri.scheme_str() == Some("https");
    let mut endpoint = Endpoint::from(uri);
    if is_tls {
        let credentials = credentials.ok_or_else(|| AccessError::Refused {
            url: url.to_owned(),
            reason: "no usable client certificate on the host".to_owned(),
        })?;
        let tls = tls(credentials, &address);
        endpoint = endpoint.tls_config(tls).map_err(|error| handshake(&error))?;
    }
    let stream = connection.open_tcp(&address, port).await?;
    let channel = endpoint
        .connect_with_connector(tower::service_fn(one_connection(stream)))
        .await
        .map_err(|error| handshake(&error))?;
    Client::from_channel(Channel::Tonic(channel), None).await.map_err(|error| refused(url, &error))
}

fn tls(credentials: &Credentials, address: &str) -> ClientTlsConfig {
    ClientTlsConfig::new()
        .domain_name(address)
        .ca_certificate(Certificate::from_pem(&credentials.ca))
        .identity(Identity::from_pem(&credentials.certificate, credentials.key.expose()))
}

/// Gives the stream to the first who asks. A lost connection is not made again behind our back.
fn one_connection(
    stream: BoxStream,
) -> impl FnMut(Uri) -> std::future::Ready<Result<TokioIo<BoxStream>, std::io::Error>> {
    let slot = Arc::new(Mutex::new(Some(stream)));
    move |_| {
        let stream = slot.lock().ok().and_then(|mut slot| slot.take());
        let lost = || std::io::Error::other("the connection to the member was lost");
        std::future::ready(stream.map(TokioIo::new).ok_or_else(lost))
    }
}

fn refused(url: &str, error: &etcd_client::Error) -> AccessError {
    let reason = match error {
        etcd_client::Error::GRpcStatus(status) => status.message().to_owned(),
        error => with_causes(error),
    };
    AccessError::Refused { url: url.to_owned(), reason }
}

/// An error and what lies behind it, in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

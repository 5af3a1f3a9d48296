//! Real clusters, really broken, recovered by the real binary: the product's promise.
//!
//! Every scenario runs against etcd 3.4 and 3.5. What is asserted is what an operator would look at
//! afterwards: the member list, the health, the keys that were acknowledged, the cluster's id, the
//! files on the hosts.
#![expect(clippy::unwrap_used, reason = "a test says what failed by failing")]

#[path = "../support/lab.rs"]
mod support;

mod declared_wrongly;
mod hosts_as_they_are;
mod killed;
mod quorum_kept;
mod quorum_lost;
mod read_only;
mod rehearsal;
mod snapshot;
mod stopped;

/// Makes one test for each etcd version of a scenario.
macro_rules! on_both_versions {
    ($($scenario:ident),+ $(,)?) => {
        $(mod $scenario {
            use rrecover::lab::EtcdVersion;

            #[tokio::test]
            async fn etcd_3_4() {
                Box::pin(super::$scenario(EtcdVersion::V3_4)).await;
            }

            #[tokio::test]
            async fn etcd_3_5() {
                Box::pin(super::$scenario(EtcdVersion::V3_5)).await;
            }
        })+
    };
}

pub(crate) use on_both_versions;

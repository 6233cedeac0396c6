//! Faults by chance, from a seed.

use std::time::Duration;

use botpit_sdk::sdk_core::sandbox::{Fault, Order, When};

use super::{Kind, Name, Platform, kind_of};

/// Between two faults passes so much of the machine's time, in milliseconds.
const GAP: std::ops::Range<u64> = 2_000..10_000;
/// What a bot does not come back from: a key that is refused is never tried again.
const FATAL: [&str; 2] = ["unauthorized", "forbidden"];
/// Faults wait for their moment; no more of them at a time, so that none piles up while nobody plays.
pub(super) const WAITING: usize = 3;

/// What happens when: pauses, and the order after each. The same seed and platform give the same, without end.
pub fn schedule(seed: u64, platform: &Platform) -> impl Iterator<Item = (Duration, Order)> + Send + use<> {
    let dialect = platform.server().dialect();
    let (turn, action) = (dialect.turn_type().to_owned(), dialect.action_type().to_owned());
    let has_messages = platform.ws_url().is_some();
    let faults: Vec<Fault> = Fault::NAMES
        .iter()
        .filter(|name| !FATAL.contains(name))
        .filter_map(|name| Fault::named(name))
        .filter(|fault| platform.can_have(fault))
        .collect();
    let mut chance = fastrand::Rng::with_seed(seed.wrapping_mul(4).wrapping_add(position(platform.name())));
    std::iter::repeat_with(move || {
        let pause = Duration::from_millis(chance.u64(GAP));
        let fault = chance.choice(&faults).cloned().unwrap_or(Fault::DropTcp);
        let moments = match (kind_of(&fault), has_messages) {
            (Kind::Connect, _) => vec![When::Now],
            (Kind::Http, true) => vec![When::Now, When::NextConnection],
            (Kind::Http, false) => vec![When::Now, When::answered("/")],
            (Kind::Connection, false) => vec![When::request("/"), When::answered("/")],
            (Kind::Connection | Kind::Message, _) => vec![
                When::Now,
                When::NextConnection,
                When::sending(&turn),
                When::sent(&turn),
                When::received(&action),
                When::handled(&action),
            ],
        };
        let when = chance.choice(&moments).cloned().unwrap_or_default();
        (pause, fault.on(when))
    })
}

fn position(name: Name) -> u64 {
    Name::ALL.into_iter().take_while(|other| *other != name).count() as u64
}

impl Platform {
    /// Lets faults come by chance, until the server ends.
    pub fn let_chance_rule(&self, seed: u64) {
        let (schedule, faults) = (schedule(seed, self), self.server().faults().clone());
        let stopping = self.server().stopping();
        self.server().spawn(async move {
            for (pause, order) in schedule {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                // One that is not ordered is passed by, so that the rest stays as it was.
                if faults.pending().len() < WAITING && faults.order(order).is_err() {
                    return;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, start};
    use super::*;

    #[tokio::test]
    async fn a_seed_gives_a_schedule_that_every_sandbox_takes() {
        let platforms = start(&Settings::default()).await.unwrap();
        for platform in platforms {
            let of = |seed| schedule(seed, &platform).take(500).collect::<Vec<_>>();
            assert_eq!(of(7), of(7));
            assert_ne!(of(7), of(8));
            for (pause, order) in of(7) {
                assert!((2..10).contains(&pause.as_secs()));
                platform.server().faults().order(order).unwrap();
                platform.server().faults().clear();
            }
            platform.shutdown().await;
        }
    }
}

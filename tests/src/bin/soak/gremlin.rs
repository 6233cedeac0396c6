//! Random faults from a seed.

use sdk_core::sandbox::{Fault, Faults, Order, When};

use super::scene::Scene;

/// What a gremlin may do on a platform.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// The platform's WebSocket messages at which something may happen; none where it has no WebSocket.
    pub(crate) messages: &'static [&'static str],
    /// The fault, if any, that says nothing here.
    pub(crate) without: Option<&'static str>,
    /// Parts of the paths of its HTTP calls; none where the bot makes none.
    pub(crate) paths: &'static [&'static str],
}

/// Does something wrong every few minutes, for ever.
pub(crate) async fn run(faults: Faults, habits: Habits, scene: Scene) {
    let mut rng = fastrand::Rng::with_seed(scene.seed);
    let (least, most) = scene.pace.faults;
    loop {
        let wait = least + (most - least).mul_f64(rng.f64());
        tokio::time::sleep(wait).await;
        scene.injected(faults.injected());
        // What found no moment until now would pile up.
        faults.clear();
        // Not every fault can happen at every moment: another one is drawn.
        while pick(&mut rng, habits).into_iter().any(|order| faults.order(order).is_err()) {}
    }
}

/// A fault and its moment. A fault of connecting comes after a drop.
fn pick(rng: &mut fastrand::Rng, habits: Habits) -> Vec<Order> {
    let names: Vec<&str> =
        Fault::NAMES.iter().copied().filter(|name| Some(*name) != habits.without).collect();
    let named = rng.choice(&names).and_then(|name| Fault::named(name));
    let mut fault = named.unwrap_or(Fault::DropTcp);
    match &mut fault {
        Fault::Fragments { count } => *count = 2_000,
        Fault::Close { code, .. } => {
            *code = rng.choice([1000, 1001, 1011, 1012, 1013, 4000, 4001]).unwrap_or(1012);
        }
        _ => {}
    }
    let message = rng.choice(habits.messages).copied();
    let path = rng.choice(habits.paths).copied();
    let after_a_drop = vec![fault.clone().on(When::NextConnection), Order::from(Fault::DropTcp)];
    let mut choices: Vec<Vec<Order>> = vec![vec![Order::from(fault.clone())], after_a_drop];
    if let Some(message) = message {
        let moments =
            [When::sending(message), When::sent(message), When::received(message), When::handled(message)];
        choices.extend(moments.map(|when| vec![fault.clone().on(when)]));
    }
    if let Some(path) = path {
        choices.extend([When::request(path), When::answered(path)].map(|when| vec![fault.clone().on(when)]));
    }
    let count = choices.len();
    choices.into_iter().nth(rng.usize(0..count)).unwrap_or_default()
}

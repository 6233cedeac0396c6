use super::*;

/// Whatever tunnels say, in whatever order: nothing panics, and each call gets exactly one answer.
#[tokio::test(start_paused = true)]
async fn random_frames_never_cost_a_caller_its_one_answer() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let rule = if seed % 2 == 0 { SecondTunnel::TakesOver } else { SecondTunnel::IsRefused };
        let house = if seed % 3 == 0 { HouseBot::ALL.to_vec() } else { Vec::new() };
        let settings = Settings {
            house,
            house_calls: u32::from(seed % 3 == 0) * 9,
            second_tunnel: rule,
            close_on_auth_failure: seed % 5 != 0,
            ..plain()
        };
        let mut scene = Scene::new(settings);
        let mut keys = [scene.key("Zeph"), scene.key("Nova"), scene.key("Pixel")];
        keys[2] = Secret::new("kp_live_nobody");
        let codes = ["zeph", "nova", "rosie", "statue", "webster", "pixel"];
        let mut tunnels: Vec<TunnelId> = Vec::new();
        let mut calls: Vec<CallNumber> = Vec::new();
        for _ in 0..200 {
            match rng.u8(..16) {
                0 => tunnels.push(scene.act(Network::connect)),
                1 | 2 => tunnels.push(scene.open(&keys[rng.usize(..3)].clone())),
                3 => {
                    if let Some(tunnel) = rng.choice(&tunnels).copied() {
                        scene.act(|network, now| network.disconnect(tunnel, now));
                    }
                }
                4..=7 => {
                    let code = codes[rng.usize(..codes.len())];
                    calls.extend(scene.proxy(&keys[rng.usize(..2)].clone(), code, None));
                }
                8 => scene.pass(Duration::from_millis(rng.u64(..20_000))),
                9 => {
                    let code = codes[rng.usize(..2)];
                    let held = rng.bool();
                    scene.act(|network, now| network.hold_offline(code, held, now));
                }
                10 if rng.u8(..8) == 0 => {
                    scene.act(|network, now| network.revoke("nova", now));
                }
                _ => {
                    let Some(tunnel) = rng.choice(&tunnels).copied() else { continue };
                    let text = frame(&scene, &mut rng);
                    scene.act(|network, now| network.on_text(tunnel, &text, now));
                    if rng.u8(..10) == 0 {
                        scene.act(|network, now| network.on_binary(tunnel, now));
                    }
                }
            }
        }
        // Pings keep nobody alive from here on: whatever is open ends by itself.
        scene.pass(seconds(31));
        for call in calls {
            assert!(scene.answer(call).is_some(), "seed {seed}: {call:?} has no answer");
        }
        let open = scene.network.calls().into_iter().filter(|call| call.outcome.is_none());
        assert!(open.clone().all(|call| matches!(call.from, Caller::House(_))), "seed {seed}");
        assert_eq!(
            scene.network.frames.len(),
            scene.network.open.values().filter(|call| { matches!(call.via, proxy::Via::Tunnel(_)) }).count(),
            "seed {seed}: the ids of frames are those of open calls"
        );
    }
}

/// A frame that a tunnel may say: right, nearly right, or nonsense.
fn frame(scene: &Scene, rng: &mut fastrand::Rng) -> String {
    let ids: Vec<Value> = scene
        .frames
        .iter()
        .rev()
        .filter(|(_, frame)| frame["type"] == "request")
        .take(8)
        .map(|(_, frame)| frame["id"].clone())
        .collect();
    let id = match rng.u8(..6) {
        0 => json!(null),
        1 => json!(7),
        2 => json!("unheard of"),
        _ => rng.choice(ids).unwrap_or_default(),
    };
    let pick = |rng: &mut fastrand::Rng, values: &[Value]| values[rng.usize(..values.len())].clone();
    let status =
        pick(rng, &[json!(200), json!(200), json!(500), json!(99), json!(-1), json!("200"), json!(null)]);
    let body = pick(
        rng,
        &[json!("{}"), json!("{\"reply\":\"x\"}"), json!("<html>"), json!({}), json!(null), json!("\u{0}")],
    );
    let headers = pick(
        rng,
        &[
            json!({}),
            json!({ "content-type": "application/json" }),
            json!({ "a\r\nb": "c", "x": 7, "content-length": "99" }),
            json!([]),
            json!(null),
        ],
    );
    let kind = pick(
        rng,
        &[
            json!("response"),
            json!("response"),
            json!("response"),
            json!("ping"),
            json!("auth"),
            json!("request"),
            json!(7),
            json!(null),
        ],
    );
    let text =
        json!({ "type": kind, "id": id, "status": status, "headers": headers, "body": body }).to_string();
    match rng.u8(..12) {
        0 => text.chars().take(rng.usize(..text.len())).collect(),
        1 => "[]".to_owned(),
        2 => String::new(),
        _ => text,
    }
}

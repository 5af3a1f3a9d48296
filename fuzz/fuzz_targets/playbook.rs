#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rrecover_fuzz::playbook::run(data));

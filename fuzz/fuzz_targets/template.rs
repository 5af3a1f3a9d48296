#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rrecover_fuzz::template::run(data));

-- When somebody said of a gateway's devices: these are all ours. Those that come later are unknown. 0: nobody has yet.
ALTER TABLE gateway ADD COLUMN devices_confirmed_us INTEGER NOT NULL DEFAULT 0;

"""Networks that know photographs: their data, their recipe, and what is measured of them."""

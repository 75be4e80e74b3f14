SELECT * FROM houses TO PREDICT prices.price USING price_model;
SELECT * FROM flats TO PREDICT prices.price USING flat_model;

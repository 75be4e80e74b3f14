SELECT * FROM houses TO PREDICT houses.price USING price_model;

SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL class INTO m;
SELECT * FROM iris TO PREDICT o.p.q.r.s USING m;

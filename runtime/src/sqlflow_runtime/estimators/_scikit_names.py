"""The estimators of scikit-learn that can be trained, by their dotted paths; light to import.

All public ones are here that learn from one table and serve another: no meta-estimators, which are
made of other estimators, and none that encode text or labels, which feature columns do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sqlflow_runtime.estimators._base import Kind


def _paths(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        module, _, classes = line.strip().partition(": ")
        for name in classes.split():
            yield f"sklearn.{module}.{name}"


_CLASSIFIERS = """
    discriminant_analysis: LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis
    dummy: DummyClassifier
    ensemble: AdaBoostClassifier BaggingClassifier ExtraTreesClassifier GradientBoostingClassifier
    ensemble: HistGradientBoostingClassifier RandomForestClassifier
    gaussian_process: GaussianProcessClassifier
    linear_model: LogisticRegression LogisticRegressionCV Perceptron RidgeClassifier
    linear_model: RidgeClassifierCV SGDClassifier
    naive_bayes: BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB
    neighbors: KNeighborsClassifier NearestCentroid RadiusNeighborsClassifier
    neural_network: MLPClassifier
    semi_supervised: LabelPropagation LabelSpreading
    svm: LinearSVC NuSVC SVC
    tree: DecisionTreeClassifier ExtraTreeClassifier
"""
_REGRESSORS = """
    cross_decomposition: PLSRegression
    dummy: DummyRegressor
    ensemble: AdaBoostRegressor BaggingRegressor ExtraTreesRegressor GradientBoostingRegressor
    ensemble: HistGradientBoostingRegressor RandomForestRegressor
    gaussian_process: GaussianProcessRegressor
    isotonic: IsotonicRegression
    kernel_ridge: KernelRidge
    linear_model: ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor HuberRegressor
    linear_model: Lars LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LinearRegression
    linear_model: OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PoissonRegressor
    linear_model: QuantileRegressor Ridge RidgeCV SGDRegressor TheilSenRegressor TweedieRegressor
    neighbors: KNeighborsRegressor RadiusNeighborsRegressor
    neural_network: MLPRegressor
    svm: LinearSVR NuSVR SVR
    tree: DecisionTreeRegressor ExtraTreeRegressor
"""
_CLUSTERERS = """
    cluster: AffinityPropagation BisectingKMeans KMeans MeanShift MiniBatchKMeans
    mixture: BayesianGaussianMixture GaussianMixture
"""
_DETECTORS = """
    covariance: EllipticEnvelope
    ensemble: IsolationForest
    linear_model: SGDOneClassSVM
    neighbors: LocalOutlierFactor
    svm: OneClassSVM
"""
_TRANSFORMERS = """
    cluster: FeatureAgglomeration
    decomposition: DictionaryLearning FactorAnalysis FastICA IncrementalPCA KernelPCA
    decomposition: LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF
    decomposition: MiniBatchSparsePCA NMF PCA SparsePCA TruncatedSVD
    ensemble: RandomTreesEmbedding
    feature_extraction.text: TfidfTransformer
    feature_selection: VarianceThreshold
    impute: KNNImputer SimpleImputer
    kernel_approximation: AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler
    kernel_approximation: SkewedChi2Sampler
    manifold: Isomap LocallyLinearEmbedding
    neural_network: BernoulliRBM
    preprocessing: Binarizer KBinsDiscretizer MaxAbsScaler MinMaxScaler Normalizer
    preprocessing: PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler
    preprocessing: StandardScaler
    random_projection: GaussianRandomProjection SparseRandomProjection
"""

NAMES: Mapping[str, Kind] = MappingProxyType(
    {
        path: kind
        for kind, text in (
            (Kind.CLASSIFICATION, _CLASSIFIERS),
            (Kind.REGRESSION, _REGRESSORS),
            (Kind.CLUSTERING, _CLUSTERERS),
            (Kind.DETECTION, _DETECTORS),
            (Kind.TRANSFORMATION, _TRANSFORMERS),
        )
        for path in _paths(text)
    }
)

_NO_PREDICTION = (
    "clusters the rows it is trained on and cannot say where others belong",
    "train sklearn.cluster.KMeans or sklearn.mixture.GaussianMixture",
)
_NO_TRANSFORMATION = (
    "arranges the rows it is trained on and cannot place others",
    "train sklearn.decomposition.PCA or sklearn.manifold.Isomap",
)
_SEVERAL_LABELS = ("learns several labels at once", "train a model for each label")
_MADE_OF_OTHERS = (
    "is made of other estimators, which a program cannot name",
    "train one of these, or a class of your own in an image: TO TRAIN image/package.Class",
)

REFUSED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        path: reason
        for reason, text in (
            (
                _NO_PREDICTION,
                "cluster: AgglomerativeClustering DBSCAN HDBSCAN OPTICS SpectralBiclustering "
                "SpectralClustering SpectralCoclustering",
            ),
            (_NO_TRANSFORMATION, "manifold: ClassicalMDS MDS SpectralEmbedding TSNE"),
            (
                _SEVERAL_LABELS,
                """cross_decomposition: CCA PLSCanonical PLSSVD
                linear_model: MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso
                linear_model: MultiTaskLassoCV""",
            ),
            (
                _MADE_OF_OTHERS,
                """calibration: CalibratedClassifierCV
                compose: ColumnTransformer TransformedTargetRegressor
                ensemble: StackingClassifier StackingRegressor VotingClassifier VotingRegressor
                feature_selection: RFE RFECV SelectFromModel SequentialFeatureSelector
                frozen: FrozenEstimator
                linear_model: RANSACRegressor
                model_selection: FixedThresholdClassifier GridSearchCV RandomizedSearchCV
                model_selection: TunedThresholdClassifierCV
                multiclass: OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier
                multioutput: ClassifierChain MultiOutputClassifier MultiOutputRegressor
                multioutput: RegressorChain
                pipeline: FeatureUnion Pipeline
                semi_supervised: SelfTrainingClassifier""",
            ),
            (
                ("cannot be stored without code", "train sklearn.cluster.MiniBatchKMeans"),
                "cluster: Birch",
            ),
            (
                ("leaves scikit-learn", "train sklearn.linear_model.SGDClassifier"),
                "linear_model: PassiveAggressiveClassifier",
            ),
            (
                ("leaves scikit-learn", "train sklearn.linear_model.SGDRegressor"),
                "linear_model: PassiveAggressiveRegressor",
            ),
            (
                (
                    "estimates a distribution and predicts nothing",
                    "train sklearn.decomposition.PCA",
                ),
                """covariance: EmpiricalCovariance GraphicalLasso GraphicalLassoCV LedoitWolf
                covariance: MinCovDet OAS ShrunkCovariance""",
            ),
            (
                (
                    "estimates a density and predicts nothing",
                    "train sklearn.mixture.GaussianMixture or sklearn.svm.OneClassSVM",
                ),
                "neighbors: KernelDensity",
            ),
            (
                (
                    "finds neighbors and predicts nothing",
                    "train sklearn.neighbors.KNeighborsClassifier or KNeighborsRegressor",
                ),
                "neighbors: KNeighborsTransformer NearestNeighbors RadiusNeighborsTransformer",
            ),
            (
                (
                    "encodes what feature columns encode",
                    "say INDICATOR, CATEGORY_HASH or SPARSE in COLUMN",
                ),
                """feature_extraction: DictVectorizer FeatureHasher
                feature_extraction.image: PatchExtractor
                feature_extraction.text: CountVectorizer HashingVectorizer TfidfVectorizer
                impute: MissingIndicator
                preprocessing: LabelBinarizer LabelEncoder MultiLabelBinarizer OneHotEncoder
                preprocessing: OrdinalEncoder""",
            ),
            (
                (
                    "takes a label to transform rows",
                    "train sklearn.decomposition.PCA, or a classifier or regressor",
                ),
                """feature_selection: GenericUnivariateSelect SelectFdr SelectFpr SelectFwe
                feature_selection: SelectKBest SelectPercentile
                neighbors: NeighborhoodComponentsAnalysis
                preprocessing: TargetEncoder""",
            ),
            (
                (
                    "takes functions or matrices that a program cannot write",
                    "train sklearn.preprocessing.PolynomialFeatures or sklearn.decomposition.PCA",
                ),
                """decomposition: SparseCoder
                preprocessing: FunctionTransformer KernelCenterer SplineTransformer""",
            ),
        )
        for path in _paths(text)
    }
)

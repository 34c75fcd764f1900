// One exploration at a time: the doubles are static, as what they stand for.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Treeline.App.Tests.Page;

/// <summary>Tests of the page share one browser, so they run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class PageTests : ICollectionFixture<Chromium>
{
    public const string Name = "The page";
}
